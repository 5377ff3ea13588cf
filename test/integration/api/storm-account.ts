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

/** The account of webhooks, by what the API answered them. */
export function accountOf(sent: readonly Sent[], state: LifecycleState): StormAccount {
  const problems: string[] = [];
  const texts = new Map<string, string>();
  const answers = new Map<string, TriggerAnswer>();
  for (const { id, status, text } of sent) {
    if (status !== 200) problems.push(`${id} was answered ${String(status)}: ${text}`);
    else if ((texts.get(id) ?? text) !== text) problems.push(`${id} was answered twice, differently`);
    else texts.set(id, text);
  }
  for (const text of texts.values()) {
    const { key, trigger } = JSON.parse(text) as { key: string; trigger: TriggerAnswer };
    answers.set(key, trigger);
  }
  const account = accountOfAnswers(answers, state);
  return { ...account, problems: [...problems, ...account.problems] };
}

/**
 * Each trigger that waits absorbs the one before it and answers that one's key, so the answers of a storm are a
 * chain: from the first that waited, link by link, to the one that still waits. A key that was lost or taken twice
 * breaks it.
 */
export function accountOfAnswers(
  answers: ReadonlyMap<string, TriggerAnswer>,
  state: LifecycleState,
): StormAccount {
  const problems: string[] = [];
  const count = { started: 0, waiting: 0, coalesced: 0 };
  const first: string[] = [];
  const next = new Map<string, string>();
  for (const [key, answer] of answers) {
    if (answer.kind === 'duplicate' || answer.kind === 'refused') {
      problems.push(`${key} was answered ${answer.kind}`);
      continue;
    }
    count[answer.kind] += 1;
    if (answer.kind === 'waiting') first.push(key);
    if (answer.kind !== 'coalesced') continue;
    if (next.has(answer.into)) problems.push(`${answer.into} was absorbed twice`);
    next.set(answer.into, key);
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
