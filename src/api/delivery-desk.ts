import type { Database } from '../registry/database.ts';
import { receiveDeliveries, recordAnswers } from '../registry/webhook-deliveries.ts';
import type { Arrival, ArrivalNote, DeliveryAnswer, RecordedAnswer } from '../registry/webhook-deliveries.ts';
import { CallGroups } from './call-groups.ts';

/** A commit costs the same for one row and for a hundred. */
const LIMITS = { maxUnderWay: 2, maxCalls: 200, paceMs: 10 } as const;

/** Notes webhooks and their answers; those of the same moment are committed together, each before it is answered. */
export interface DeliveryDesk {
  readonly receive: (arrival: Arrival) => Promise<ArrivalNote>;
  readonly record: (given: DeliveryAnswer) => Promise<RecordedAnswer>;
}

export function openDeliveryDesk(db: Database, environment: string): DeliveryDesk {
  const arrivals = new CallGroups<Arrival, ArrivalNote>(
    (group) => receiveDeliveries(db, environment, group),
    LIMITS,
  );
  const answers = new CallGroups<DeliveryAnswer, RecordedAnswer>((group) => recordAnswers(db, group), LIMITS);
  return { receive: (arrival) => arrivals.ask(arrival), record: (given) => answers.ask(given) };
}
