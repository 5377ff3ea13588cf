import { isFinal } from '../../../../src/domain/version-stage.ts';
import type { Person } from '../../../story/person.ts';
import { NotSeen } from '../../../story/story.ts';
import type { Step } from '../../../story/story.ts';
import { until } from '../../../story/until.ts';
import { inShort, untilChampion, untilStage } from '../../../story/waits.ts';
import { approve, dispute } from '../approval.ts';
import type { Setting } from '../setting.ts';
import { need } from '../setting.ts';
import { MODEL } from '../shop.ts';
import { conversions } from './better-model.ts';

const NOTICE_TIMEOUT_MS = 300_000;
const ROLLBACK_TIMEOUT_MS = 240_000;
const RETRAINING_TIMEOUT_MS = 900_000;
const ROLLOUT_TIMEOUT_MS = 480_000;
const MESSAGE_TIMEOUT_MS = 180_000;

/** Everyone is recommended a variegated Ficus elastica. */
export function pandemic(setting: Setting): Step[] {
  let incidentId = '';
  return [
    {
      id: 'pandemic',
      title: 'A pandemic: traffic triples, one plant goes viral and sells out',
      expected: 'monitors see the collapse and open a critical incident by themselves',
      run: async (tell) => {
        const { onCall } = need(setting.cast, 'cast');
        const shoppers = need(setting.shoppers, 'shoppers');
        shoppers.pandemic();
        setting.pandemicAt = Date.now();
        const incident = await until('a critical incident', NOTICE_TIMEOUT_MS, async () => {
          const status = await onCall.status(MODEL);
          tell(`conversion ${conversions(setting)}${shoppers.soldOut() ? ' · sold out' : ''}`);
          return status.incidents.find((candidate) => candidate.severity === 'critical');
        });
        incidentId = incident.incidentId;
        return {
          seen: `after ${((Date.now() - setting.pandemicAt) / 1000).toFixed(0)} s: ${incident.title}. ${incident.summary}`,
          facts: { incident, soldOut: shoppers.soldOut() },
        };
      },
    },
    {
      id: 'rollback',
      title: 'Traffic goes back to the earlier champion, by itself',
      expected: 'all traffic on the baseline again within seconds of the incident',
      run: async (tell) => {
        const { onCall } = need(setting.cast, 'cast');
        const openedAt = Date.now();
        await until('the baseline has all traffic', ROLLBACK_TIMEOUT_MS, async () => {
          const { route, champion } = await onCall.status(MODEL);
          tell(`champion v${champion ?? '?'}`);
          const weight = route?.weights.find(({ version }) => version === setting.baseline)?.weight;
          return champion === setting.baseline && weight === 100 ? true : undefined;
        });
        const { stage } = await onCall.version(MODEL, setting.ranker);
        if (stage !== 'rolled_back') throw new NotSeen(`version ${setting.ranker} is ${stage}`);
        const seconds = ((Date.now() - openedAt) / 1000).toFixed(1);
        return {
          seen: `version ${setting.baseline} serves again ${seconds} s after the incident was seen; version ${setting.ranker} is ${stage}`,
          facts: { seconds },
        };
      },
    },
    {
      id: 'alert',
      title: 'Olu, on call (scripted), is alerted and takes it on',
      expected: 'Slack and mail tell of the incident; acknowledging it stops the reminders',
      run: async () => {
        const { onCall } = need(setting.cast, 'cast');
        const told = await need(setting.inbox, 'inbox').bothTell(incidentId, MESSAGE_TIMEOUT_MS);
        await onCall.acknowledge(incidentId, 'On it: the ficus has sold out');
        const incident = await until('the incident is acknowledged', MESSAGE_TIMEOUT_MS, async () => {
          const found = (await onCall.api.get(`/v1/incidents/${encodeURIComponent(incidentId)}`)) as {
            status: string;
            acknowledgedBy: string | null;
          };
          return found.status === 'open' ? undefined : found;
        });
        return {
          seen: `${told.mails} mails, ${told.slack} Slack messages; ${incident.status} by ${incident.acknowledgedBy ?? 'nobody'}`,
          facts: { ...told, incident },
        };
      },
    },
    {
      id: 'retraining',
      title: 'A retraining starts by itself, on data that knows the pandemic',
      expected: 'a new version, asked for by a finding, that beats the champion on the newest data',
      run: async (tell) => {
        const { mlEngineer } = need(setting.cast, 'cast');
        const version = await untilOnePasses(mlEngineer, setting.ranker, tell);
        setting.recovered = version;
        const { trigger } = await mlEngineer.version(MODEL, version);
        const report = need(await mlEngineer.gates(MODEL, version), 'gate report');
        return {
          seen: `version ${version} (${String(trigger['source'])}): ${report.verdict.reason}`,
          facts: {
            version,
            trigger,
            strikes: version - setting.ranker - 1,
            gates: report.gates.map(({ gate, verdict }) => ({ gate, ...verdict })),
          },
        };
      },
    },
    {
      id: 'recovered',
      title: 'Miguel approves it; it takes the traffic step by step',
      expected: 'the retrained version is champion and sells again',
      run: async (tell) => {
        const { dataScientist, mlEngineer } = need(setting.cast, 'cast');
        const disputed = setting.options.storm ? await dispute(setting, setting.recovered, tell) : null;
        if (disputed === 'reject') {
          await untilStage(dataScientist, MODEL, setting.recovered, ['denied'], ROLLOUT_TIMEOUT_MS, tell);
          await dataScientist.trigger(MODEL, 'Asked for again, after the dispute', 'story:after-dispute');
          setting.recovered = await untilOnePasses(dataScientist, setting.recovered, tell);
        }
        if (disputed !== 'approve')
          await approve(setting, setting.recovered, 'Beats the baseline on pandemic data', tell);
        await untilChampion(mlEngineer, MODEL, setting.recovered, ROLLOUT_TIMEOUT_MS, tell);
        return {
          seen: `version ${setting.recovered} is champion; conversion ${conversions(setting)}`,
          facts: { byVersion: need(setting.shoppers, 'shoppers').totals.byVersion },
        };
      },
    },
  ];
}

/**
 * The first version after `after` that passes its gates. One that loses, or that they can't tell of yet, does not end the
 * wait: the episode, or whoever asked, gets the next one meanwhile, and either may be the one.
 */
async function untilOnePasses(who: Person, after: number, tell: (detail: string) => void): Promise<number> {
  return until(`a version after ${after} passes its gates`, RETRAINING_TIMEOUT_MS, async () => {
    const status = await who.status(MODEL);
    tell(inShort(status));
    for (let version = after + 1; version <= (status.latestVersion ?? 0); version += 1) {
      const { stage } = await who.version(MODEL, version);
      if (stage === 'validated' || stage === 'approved') return version;
      if (isFinal(stage) && stage !== 'rejected') throw new NotSeen(`version ${version} ended as ${stage}`);
    }
    return undefined;
  });
}
