import type { FastifyInstance } from 'fastify';
import { PerennialError } from '../errors/define-error.ts';
import { GATEWAY_BUSY, GATEWAY_STOPPING } from '../errors/serving-errors.ts';

const MAX_REQUESTS = 1000;
/** Of bodies that are being read or answered: what many large requests at once may take. */
const MAX_BODY_BYTES = 256 * 2 ** 20;

/**
 * Refuses requests with a body, before it is read, while too many or too large ones are under way, or once the gateway
 * stops. What is asked without a body costs little and is always answered: health, metrics, metadata.
 */
export function admitRequests(app: FastifyInstance, accepting: () => boolean): void {
  let requests = 0;
  let bytes = 0;
  app.addHook('onRequest', async (request, reply) => {
    const { headers, routeOptions } = request;
    const limit = routeOptions.bodyLimit ?? 0;
    const size = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : limit;
    // What is larger than its route takes is refused unread by a code of its own: it may not come again.
    if (size === 0 || size > limit) return;
    const busy = requests >= MAX_REQUESTS || bytes + size > MAX_BODY_BYTES;
    if (busy || !accepting()) {
      // What was not read would have to be before the connection is used again.
      void reply.header('connection', 'close');
      throw accepting()
        ? new PerennialError(GATEWAY_BUSY, 'The gateway has as much under way as it takes.')
        : new PerennialError(GATEWAY_STOPPING, 'The gateway is stopping and takes no more requests.');
    }
    requests += 1;
    bytes += size;
    reply.raw.once('close', () => {
      requests -= 1;
      bytes -= size;
    });
  });
}
