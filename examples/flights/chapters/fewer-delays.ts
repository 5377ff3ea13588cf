import type { z } from 'zod';
import { Incident } from '../../../src/contracts/api/answers.ts';
import { NotSeen } from '../../story/story.ts';
import type { Step } from '../../story/story.ts';
import { until } from '../../story/until.ts';
import { untilApprovalOpen, untilChampion, untilNewVersion } from '../../story/waits.ts';
import { findingsOf, inFigures, MONITOR } from '../findings.ts';
import { LANDED_DIR, MODEL } from '../flights-stack.ts';
import { LANDED, LIVE, MOST_LIVE } from '../sampling.ts';
import { sceneOf } from '../setting.ts';
import type { Setting } from '../setting.ts';
import { landFlights, readFlights } from '../simulator/prepare-flights.ts';

const NOTICE_TIMEOUT_MS = 180_000;
const PRODUCTION_TIMEOUT_MS = 240_000;
const ROLLOUT_TIMEOUT_MS = 180_000;
const MESSAGE_TIMEOUT_MS = 60_000;

/** Spring: fewer flights are late than the model learned. */
export function fewerDelays(setting: Setting): Step[] {
  let incidentId = '';
  const incidentNow = async (): Promise<z.infer<typeof Incident>> =>
    Incident.parse(await sceneOf(setting).onCall.api.get(`/v1/incidents/${encodeURIComponent(incidentId)}`));
  return [
    {
      id: 'quiet',
      title: 'March is as late as the winter was',
      expected: `the monitor ${MONITOR} has judged live outcomes, and is content`,
      run: async (tell) => {
        const { onCall } = sceneOf(setting);
        const finding = await until('a judged window', NOTICE_TIMEOUT_MS, async () => {
          const [newest] = await findingsOf(onCall, setting.first);
          tell(newest?.reason ?? 'no window yet');
          return newest?.status === 'ok' || newest?.status === 'breach' ? newest : undefined;
        });
        if (finding.status !== 'ok') throw new NotSeen(finding.reason);
        return { seen: finding.reason, facts: inFigures(finding) };
      },
    },
    {
      id: 'spring',
      title: 'March to mid-May has landed, and the flights of May depart',
      expected: `by itself the monitor ${MONITOR} sees that fewer are late, and opens an incident`,
      run: async (tell) => {
        const { onCall, replay } = sceneOf(setting);
        const may = await readFlights('2001-05-01', '2001-06-01', LIVE, MOST_LIVE);
        const months = [
          await landFlights(LANDED_DIR, '2001-03-01', '2001-04-01', LANDED),
          await landFlights(LANDED_DIR, '2001-04-01', '2001-05-01', LANDED),
          await landFlights(LANDED_DIR, '2001-05-01', '2001-05-16', LANDED),
        ];
        replay.departing(may);
        const since = Date.now();
        const incident = await until('an incident', NOTICE_TIMEOUT_MS, async () => {
          const [newest] = await findingsOf(onCall, setting.first);
          tell(newest?.reason ?? '');
          const { incidents } = await onCall.status(MODEL);
          return incidents.find(({ facts }) => facts['monitor']?.startsWith(`${MONITOR} `));
        });
        incidentId = incident.incidentId;
        const seconds = (Date.now() - since) / 1000;
        const findings = await findingsOf(onCall, setting.first);
        return {
          seen: `after ${seconds.toFixed(0)} s: ${incident.summary}`,
          facts: {
            incident,
            seconds,
            landed: months.reduce((sum, { flights }) => sum + flights, 0),
            findings: findings.map(inFigures),
          },
        };
      },
    },
    {
      id: 'alert',
      title: 'Olu, on call (scripted), is alerted and takes it on',
      expected: 'mail and Slack tell of the incident; it is acknowledged',
      run: async () => {
        const { onCall, inbox } = sceneOf(setting);
        const told = await inbox.bothTell(incidentId, MESSAGE_TIMEOUT_MS);
        await onCall.acknowledge(incidentId, 'Good news, but the model has to learn it');
        const incident = await until('the incident is acknowledged', MESSAGE_TIMEOUT_MS, async () => {
          const found = await incidentNow();
          return found.status === 'open' ? undefined : found;
        });
        return {
          seen: `${told.mails} mails, ${told.slack} Slack messages; ${incident.status} by ${incident.acknowledgedBy ?? 'nobody'}`,
          facts: { ...told, status: incident.status, acknowledgedBy: incident.acknowledgedBy },
        };
      },
    },
    {
      id: 'retraining',
      title: 'A retraining starts by itself, on the spring',
      expected: 'a new version, asked for by a finding, whose gates pass',
      run: async (tell) => {
        const { mlEngineer } = sceneOf(setting);
        setting.retrained = await untilNewVersion(
          mlEngineer,
          MODEL,
          setting.first,
          PRODUCTION_TIMEOUT_MS,
          tell,
        );
        await untilApprovalOpen(mlEngineer, MODEL, setting.retrained, PRODUCTION_TIMEOUT_MS, tell);
        const { trigger } = await mlEngineer.version(MODEL, setting.retrained);
        if (trigger['source'] !== 'finding')
          throw new NotSeen(`version ${setting.retrained} was asked for by ${String(trigger['source'])}`);
        const report = await mlEngineer.gates(MODEL, setting.retrained);
        if (report?.comparedWith !== setting.first)
          throw new NotSeen(`it was compared with ${report?.comparedWith ?? 'nothing'}`);
        return {
          seen: `version ${setting.retrained}: ${report.gates.map(({ gate, verdict }) => `${gate}: ${verdict.reason}`).join('; ')}`,
          facts: {
            version: setting.retrained,
            trigger,
            gates: report.gates.map(({ gate, verdict }) => ({ gate, ...verdict })),
          },
        };
      },
    },
    {
      id: 'champion-retrained',
      title: 'Miguel approves it; half, then all of the flights',
      expected: 'the retrained version is champion, the first one retired',
      run: async (tell) => {
        const { mlEngineer, replay } = sceneOf(setting);
        await mlEngineer.approve(MODEL, setting.retrained, 'It knows the spring');
        await untilChampion(mlEngineer, MODEL, setting.retrained, ROLLOUT_TIMEOUT_MS, tell);
        const { stage } = await mlEngineer.version(MODEL, setting.first);
        if (stage !== 'retired') throw new NotSeen(`version ${setting.first} is ${stage}`);
        return {
          seen: `version ${setting.retrained} is champion, version ${setting.first} ${stage}`,
          facts: { byVersion: structuredClone(replay.totals.byVersion) },
        };
      },
    },
    {
      id: 'recovered',
      title: 'The monitor looks at the new champion',
      expected: 'May is as late as it learned: the incident is resolved by itself',
      run: async (tell) => {
        const { onCall } = sceneOf(setting);
        const incident = await until('the incident is resolved', NOTICE_TIMEOUT_MS, async () => {
          const [newest] = await findingsOf(onCall, setting.retrained);
          tell(newest?.reason ?? 'no window yet');
          const found = await incidentNow();
          return found.status === 'resolved' ? found : undefined;
        });
        const findings = await findingsOf(onCall, setting.retrained);
        const content = findings.find(({ status }) => status === 'ok');
        if (content === undefined) throw new NotSeen('the incident was resolved without a content finding');
        return {
          seen: `resolved by ${incident.resolvedBy ?? 'nobody'}: ${content.reason}`,
          facts: { resolvedBy: incident.resolvedBy, findings: findings.map(inFigures) },
        };
      },
    },
  ];
}
