import { listIn } from '../../../src/cli/list-in.ts';
import { AuditCheckAnswer, DecisionAnswer } from '../../../src/contracts/api/answers.ts';
import { NotSeen } from '../../story/story.ts';
import type { Step } from '../../story/story.ts';
import { until } from '../../story/until.ts';
import { MODEL } from '../flights-stack.ts';
import { sceneOf } from '../setting.ts';
import type { Setting } from '../setting.ts';

const TIMEOUT_MS = 60_000;

/** What is on record, and whether every flight left its traces. */
export function closing(setting: Setting): Step[] {
  return [
    {
      id: 'auditor',
      title: 'Aya, auditor (scripted), asks about the retrained version',
      expected: 'a card that a person can read, who approved it, an unbroken audit chain',
      run: async () => {
        const { auditor } = sceneOf(setting);
        const version = `/v1/models/${MODEL}/versions/${setting.retrained}`;
        const { card, decisions, chain } = await until('the audit', TIMEOUT_MS, async () => ({
          card: await auditor.api.getText(`${version}/card?format=markdown`),
          decisions: listIn('decisions', DecisionAnswer, await auditor.api.get(`${version}/decisions`)),
          chain: AuditCheckAnswer.parse(await auditor.api.get('/v1/audit/verify')),
        }));
        if (chain.kind !== 'whole')
          throw new NotSeen(`the audit chain is broken at ${chain.atSeq}: ${chain.reason}`);
        const approval = decisions.find(({ kind, outcome }) => kind === 'approval' && outcome === 'approve');
        if (approval?.actor !== 'miguel') throw new NotSeen('no approval by miguel is on record');
        const missing = [MODEL, `version ${setting.retrained}`, 'ranks-delays', 'evening', 'miguel'].filter(
          (word) => !card.toLowerCase().includes(word),
        );
        if (missing.length > 0) throw new NotSeen(`the card does not tell of ${missing.join(', ')}`);
        return {
          seen: `approved by ${approval.actor}; card of ${card.length} characters; ${chain.events} audit events, unbroken`,
          facts: { approvedBy: approval.actor, auditEvents: chain.events, head: chain.head, card },
        };
      },
    },
    {
      id: 'books',
      title: 'The last flight departs',
      expected: 'every flight was answered and its outcome taken: none lost, none refused',
      run: async () => {
        const totals = await sceneOf(setting).replay.stop();
        if (totals.unsettled + totals.refused > 0)
          throw new NotSeen(
            `${totals.unsettled} flights left not all their traces, ${totals.refused} were refused`,
          );
        return {
          seen: `${totals.flights} flights, ${totals.late} of them late, ${totals.retries} retries`,
          facts: { ...totals },
        };
      },
    },
  ];
}
