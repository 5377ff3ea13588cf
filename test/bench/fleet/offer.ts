import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Delivery, SenderOptions, Sent } from '../../integration/api/webhook-sender.ts';

export interface Offer {
  readonly sender: SenderOptions;
  readonly deliveries: readonly Delivery[];
  readonly perSecond: number;
}

/**
 * Offers deliveries evenly, whether the ones before them were answered or not, from a process of its own: neither this
 * one's work nor a slow answer holds the next delivery back.
 */
export async function offer(order: Offer): Promise<Sent[]> {
  const main = fileURLToPath(new URL('./offer-main.ts', import.meta.url));
  const child = fork(main, {
    execArgv: ['--import', 'jiti/register'],
    serialization: 'advanced',
  });
  try {
    child.send(order);
    const [sent] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`the sender ended with ${String(code)}`);
      }),
    ])) as [Sent[]];
    return sent;
  } finally {
    child.kill();
  }
}
