import { sendEvenly } from '../../integration/api/webhook-sender.ts';
import type { Offer } from './offer.ts';

/** The process of `offer`: one order comes, and what became of each delivery goes back. */
process.once('message', (order) => {
  const { sender, deliveries, perSecond } = order as Offer;
  void sendEvenly(sender, deliveries, perSecond).then((sent) => process.send?.(sent));
});
