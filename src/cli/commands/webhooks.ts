import type { Command } from 'commander';
import { Done, WebhookDeliveryAnswer, WebhookDeliveryDetail } from '../../contracts/api/answers.ts';
import { utcTime } from '../../domain/utc-time.ts';
import { contextOf } from '../context.ts';
import { listIn } from '../list-in.ts';
import { ago, clip, paint, renderTable } from '../render.ts';

const ERROR_CHARS = 100;

const pathOf = (deliveryId: string): string => `/v1/webhook-deliveries/${encodeURIComponent(deliveryId)}`;

function answered(statusCode: number | null, error: { code: string; message: string } | null): string | null {
  if (error === null) return statusCode === null ? null : String(statusCode);
  return clip(`${error.code}: ${error.message}`, ERROR_CHARS);
}

export function addWebhookCommands(program: Command): void {
  const webhooks = program
    .command('webhooks')
    .description('outgoing webhooks: what was sent to whom, and how it went');
  webhooks
    .command('list', { isDefault: true })
    .description('deliveries, newest first')
    .option('--model <model>', 'of one model only')
    .option('--status <status>', 'pending, delivered or failed')
    .option('--limit <n>', 'how many', '50')
    .addHelpText('after', '\nExamples:\n  perennial webhooks\n  perennial webhooks --status failed --json')
    .action(async (options: { model?: string; status?: string; limit: string }, command: Command) => {
      const context = contextOf(command);
      const { model, status, limit } = options;
      const query = new URLSearchParams({
        limit,
        ...(model === undefined ? {} : { model }),
        ...(status === undefined ? {} : { status }),
      });
      const deliveries = listIn(
        'deliveries',
        WebhookDeliveryAnswer,
        await context.api.get(`/v1/webhook-deliveries?${query.toString()}`),
      );
      context.print(deliveries, () =>
        deliveries.length === 0
          ? 'no webhook was sent: a spec names endpoints under notifications.webhooks'
          : renderTable(
              ['status', 'delivery', 'model', 'event', 'endpoint', 'attempts', 'created', 'last answer'],
              deliveries.map((d) => [
                paint(d.status),
                d.deliveryId,
                d.model,
                d.event,
                d.endpoint,
                d.attempts,
                ago(d.createdAt, context.now),
                answered(d.lastStatusCode, d.error ?? d.lastError),
              ]),
            ),
      );
    });

  webhooks
    .command('show')
    .description('one delivery: its body, and every attempt')
    .argument('<delivery>')
    .addHelpText('after', '\nExample:\n  perennial webhooks show msg_0f3a…')
    .action(async (deliveryId: string, _options: unknown, command: Command) => {
      const context = contextOf(command);
      const delivery = WebhookDeliveryDetail.parse(await context.api.get(pathOf(deliveryId)));
      context.print(delivery, () =>
        [
          `${delivery.event} of ${delivery.model} to ${delivery.endpoint}: ${paint(delivery.status)}`,
          delivery.body,
          '',
          renderTable(
            ['at', 'ms', 'answer'],
            delivery.log.map((attempt) => [
              utcTime(attempt.at),
              Math.round(attempt.durationMs),
              answered(attempt.statusCode, attempt.error),
            ]),
          ),
        ].join('\n'),
      );
    });

  webhooks
    .command('redeliver')
    .description('send one again now, under the same id, and try for another day')
    .argument('<delivery>')
    .option('--reason <text>', 'why; recorded', 'asked for')
    .addHelpText(
      'after',
      '\nExample:\n  perennial webhooks redeliver msg_0f3a… --reason "the endpoint is mended"',
    )
    .action(async (deliveryId: string, options: { reason: string }, command: Command) => {
      const context = contextOf(command);
      const answer = Done.parse(
        await context.api.post(`${pathOf(deliveryId)}/redeliver`, { reason: options.reason }),
      );
      context.print(answer, () => `${deliveryId} is sent again: perennial webhooks show ${deliveryId}`);
    });
}
