import type { Trigger } from '../trigger.ts';
import type { WaitingTrigger } from './state.ts';

/** Of more than these the oldest are forgotten, so that the state stays bounded. */
const REQUESTERS_LIMIT = 100;

type Absorbed = NonNullable<WaitingTrigger['requesters']>;

/** Those whose triggers a waiting one has absorbed, once it gives way to the next. */
export function absorbedRequesters({ trigger, requesters = [] }: WaitingTrigger): Absorbed {
  const { id } = trigger.requestedBy;
  return [...requesters.filter((one) => one.id !== id), { id, key: trigger.key }].slice(-REQUESTERS_LIMIT);
}

/** The trigger as a version is made for it: with everybody whose trigger it absorbed. */
export function servedTrigger({ trigger, requesters = [] }: WaitingTrigger): Trigger {
  return alsoFor(
    trigger,
    requesters.map(({ id }) => id),
  );
}

/** The trigger with others who asked for the same version. */
export function alsoFor(trigger: Trigger, others: readonly string[]): Trigger {
  const { requestedBy, alsoRequestedBy = [] } = trigger;
  const ids = new Set([...others, ...alsoRequestedBy]);
  ids.delete(requestedBy.id);
  return ids.size === 0 ? trigger : { ...trigger, alsoRequestedBy: [...ids] };
}
