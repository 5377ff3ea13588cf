import { listIn } from '../../../../src/cli/list-in.ts';
import { AuditCheckAnswer, DecisionAnswer } from '../../../../src/contracts/api/answers.ts';
import { NotSeen } from '../../../story/story.ts';
import type { Step } from '../../../story/story.ts';
import { until } from '../../../story/until.ts';
import type { Setting } from '../setting.ts';
import { need } from '../setting.ts';
import { MODEL } from '../shop.ts';

const TIMEOUT_MS = 60_000;

/** Who allowed it, on which evidence? */
export function audit(setting: Setting): Step[] {
  return [
    {
      id: 'auditor',
      title: 'Aya, auditor (scripted), asks about the version that failed',
      expected:
        'its card, its lineage, the decision and the person behind it; what served at the time; an unbroken audit chain',
      run: async () => {
        const { auditor } = need(setting.cast, 'cast');
        const version = `/v1/models/${MODEL}/versions/${setting.ranker}`;
        return until('the audit', TIMEOUT_MS, async () => {
          const card = await auditor.api.getText(`${version}/card?format=markdown`);
          const lineage = JSON.stringify(await auditor.api.get(`${version}/lineage`));
          const decisions = listIn(
            'decisions',
            DecisionAnswer,
            await auditor.api.get(`${version}/decisions`),
          );
          const served = await auditor.api.get(
            `/v1/models/${MODEL}/served-at?time=${encodeURIComponent(new Date(setting.pandemicAt).toISOString())}`,
          );
          const chain = AuditCheckAnswer.parse(await auditor.api.get('/v1/audit/verify'));
          const approval = decisions.find(
            ({ kind, outcome }) => kind === 'approval' && outcome === 'approve',
          );
          if (chain.kind !== 'whole')
            throw new NotSeen(`the audit chain is broken at ${chain.atSeq}: ${chain.reason}`);
          if (!approval) throw new NotSeen('no approval is on record');
          if (!card.includes(`${setting.ranker}`)) throw new NotSeen('the card does not name the version');
          return {
            seen: `approved by ${approval.actor} on evidence ${approval.evidenceHash?.slice(0, 12) ?? 'none'}…; card of ${card.length} characters; ${chain.events} audit events, unbroken`,
            facts: {
              approval,
              served,
              auditEvents: chain.events,
              head: chain.head,
              lineageBytes: lineage.length,
            },
          };
        });
      },
    },
    {
      id: 'books',
      title: 'The shop closes its books',
      expected: 'every visit left all its traces: none lost, none refused for good',
      run: async () => {
        const totals = await need(setting.shoppers, 'shoppers').stop();
        if (totals.unsettled + totals.refused > 0)
          throw new NotSeen(
            `${totals.unsettled} visits could not leave all their traces, ${totals.refused} were refused for good`,
          );
        return {
          seen: `${totals.visits} visits, ${totals.orders} orders, ${totals.feedback} outcomes reported, ${totals.retries} retries`,
          facts: { ...totals },
        };
      },
    },
  ];
}
