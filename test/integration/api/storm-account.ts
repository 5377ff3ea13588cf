import type { LifecycleState } from '../../../src/domain/lifecycle/state.ts';
import type { TriggerAnswer } from '../../../src/domain/trigger.ts';
import type { Sent } from './webhook-sender.ts';

/** What became of the deliveries to one model while its first production ran. */
export interface StormAccount {
  readonly answered: number;
  readonly started: number;
  readonly waiting: number;
  readonly coalesced: number;
  /** Answers that break the account, in words; empty when nothing was lost and nothing counted twice. */
  readonly problems: readonly string[];
}

/**
 * Each trigger that waits absorbs the one before it and answers that one's key, so the answers of a storm are a
 * chain: from the first that waited, link by link, to the one that still waits. A key that was lost or taken twice
 * breaks it.
 */
export function accountOf(sent: readonly Sent[], state: LifecycleState): StormAccount {
  const problems: string[] = [];
  const answers = new Map<string, string>();
  for (const { id, status, text } of sent) {
    if (status !== 200) problems.push(`${id} was answered ${String(status)}: ${text}`);
    else if ((answers.get(id) ?? text) !== text) problems.push(`${id} was answered twice, differently`);
    else answers.set(id, text);
  }
  const count = { started: 0, waiting: 0, coalesced: 0 };
  const first: string[] = [];
  const next = new Map<string, string>();
  for (const text of answers.values()) {
    const { key, trigger } = JSON.parse(text) as { key: string; trigger: TriggerAnswer };
    if (trigger.kind === 'duplicate' || trigger.kind === 'refused') {
      problems.push(`${key} was answered ${trigger.kind}`);
      continue;
    }
    count[trigger.kind] += 1;
    if (trigger.kind === 'waiting') first.push(key);
    if (trigger.kind !== 'coalesced') continue;
    if (next.has(trigger.into)) problems.push(`${trigger.into} was absorbed twice`);
    next.set(trigger.into, key);
  }
  let [last] = first;
  let links = 0;
  for (let key = last; key !== undefined; key = next.get(key), links += 1) last = key;
  if (first.length > 1) problems.push(`${String(first.length)} triggers were told that they wait`);
  const expected = answers.size - count.started;
  if (links !== expected) problems.push(`the chain has ${String(links)} links, not ${String(expected)}`);
  if (state.waitingTrigger?.trigger.key !== last)
    problems.push(`${String(last)} should wait, but ${String(state.waitingTrigger?.trigger.key)} does`);
  return { answered: answers.size, ...count, problems };
}
