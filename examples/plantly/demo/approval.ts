import { listIn } from '../../../src/cli/list-in.ts';
import { DecisionAnswer } from '../../../src/contracts/api/answers.ts';
import type { Person } from '../../story/person.ts';
import { NotSeen } from '../../story/story.ts';
import { until } from '../../story/until.ts';
import { untilApprovalOpen, untilStage } from '../../story/waits.ts';
import type { Setting } from './setting.ts';
import { need } from './setting.ts';
import { MODEL } from './shop.ts';

const PRODUCTION_TIMEOUT_MS = 420_000;
const PERSON_TIMEOUT_MS = 3_600_000;
const DECISION_TIMEOUT_MS = 120_000;
const SERVING = ['approved', 'shadow', 'canary', 'bake', 'champion'] as const;

/** Waits for the request and has it approved: by the scripted engineer, or by whoever sits at the terminal. */
export async function approve(
  setting: Setting,
  version: number,
  reason: string,
  tell: (detail: string) => void,
): Promise<Person> {
  const { mlEngineer } = need(setting.cast, 'cast');
  await untilApprovalOpen(mlEngineer, MODEL, version, PRODUCTION_TIMEOUT_MS, tell);
  if (!setting.options.interactive) {
    await mlEngineer.approve(MODEL, version, reason);
    return mlEngineer;
  }
  const env = `PERENNIAL_DATA_DIR=.perennial/demo`;
  setting.note(
    [
      '',
      `  Version ${version} waits for you:`,
      `    ${env} npx perennial card ${MODEL} ${version}`,
      `    ${env} npx perennial approve ${MODEL} ${version} --reason "…"`,
      '',
    ].join('\n'),
  );
  await untilStage(mlEngineer, MODEL, version, SERVING, PERSON_TIMEOUT_MS, tell);
  return mlEngineer;
}

/** One engineer approves while another rejects: exactly one of them decides, and the version's stage agrees. */
export async function dispute(
  setting: Setting,
  version: number,
  tell: (detail: string) => void,
): Promise<'approve' | 'reject'> {
  const { mlEngineer, secondEngineer } = need(setting.cast, 'cast');
  await untilApprovalOpen(mlEngineer, MODEL, version, PRODUCTION_TIMEOUT_MS, tell);
  await Promise.all([
    mlEngineer.approve(MODEL, version, 'Beats the baseline on pandemic data'),
    secondEngineer.reject(MODEL, version, 'Too soon after an incident'),
  ]);
  await untilStage(secondEngineer, MODEL, version, [...SERVING, 'denied'], DECISION_TIMEOUT_MS, tell);
  const outcomes = await until('the decision of one of two', DECISION_TIMEOUT_MS, async () => {
    const decisions = listIn(
      'decisions',
      DecisionAnswer,
      await secondEngineer.api.get(`/v1/models/${MODEL}/versions/${String(version)}/decisions`),
    );
    const votes = decisions.filter(
      ({ kind, outcome }) => kind === 'approval' && (outcome === 'approve' || outcome === 'reject'),
    );
    return votes.length > 0 ? votes.map(({ outcome }) => outcome) : undefined;
  });
  const [outcome] = outcomes;
  if (outcomes.length !== 1 || (outcome !== 'approve' && outcome !== 'reject'))
    throw new NotSeen(`two people at once made ${outcomes.length} decisions: ${outcomes.join(', ')}`);
  return outcome;
}
