import { grantLocalAccess } from '../../../src/embedded/local-access.ts';
import type { StackOptions } from '../../../src/embedded/stack.ts';
import { isPerennialError } from '../../../src/errors/define-error.ts';
import { openInbox } from '../../story/inbox.ts';
import { createPerson, hire } from '../../story/person.ts';
import { NotSeen } from '../../story/story.ts';
import type { Step } from '../../story/story.ts';
import { until } from '../../story/until.ts';
import { untilApprovalOpen, untilChampion, untilNewVersion, untilStage } from '../../story/waits.ts';
import { LANDED_DIR, MODEL, SPEC_FILE, startFlights } from '../flights-stack.ts';
import { sceneOf } from '../setting.ts';
import type { Setting } from '../setting.ts';
import { landFlights, readFlights } from '../simulator/prepare-flights.ts';
import { replayFlights } from '../simulator/replay-flights.ts';
import { LANDED, LIVE, MOST_LIVE } from '../sampling.ts';

const VERSION_TIMEOUT_MS = 60_000;
const PRODUCTION_TIMEOUT_MS = 240_000;
const ROLLOUT_TIMEOUT_MS = 180_000;
const MESSAGE_TIMEOUT_MS = 60_000;
const FLIGHTS_PER_SECOND = 60;

/** January and February make the first version; it takes the flights of March. */
export function firstVersion(
  setting: Setting,
  stackOptions: Pick<StackOptions, 'onEvent' | 'signal' | 'outerEnv'>,
): Step[] {
  return [
    {
      id: 'stack',
      title: 'Start the stack',
      expected:
        'Temporal, PostgreSQL, S3, mail and Slack sinks, API, gateway and four workers run and answer',
      run: async () => {
        const stack = await startFlights(stackOptions);
        const { url, token } = await grantLocalAccess(stack);
        const admin = createPerson('local-admin', url, token);
        const gatewayUrl = stack.endpoints['gateway'] ?? '';
        setting.scene = {
          stack,
          gatewayUrl,
          inbox: openInbox(stack),
          replay: replayFlights(gatewayUrl, MODEL, FLIGHTS_PER_SECOND),
          dataScientist: await hire(admin, url, 'dana', ['data-scientist', 'ml-engineer']),
          mlEngineer: await hire(admin, url, 'miguel', ['ml-engineer']),
          onCall: await hire(admin, url, 'olu', ['on-call']),
          auditor: await hire(admin, url, 'aya', ['viewer']),
        };
        const { api, gateway, temporalUi, mailInbox, slackView } = stack.endpoints;
        return {
          seen: `API ${api ?? ''}/docs · Temporal UI ${temporalUi ?? ''} · mail ${mailInbox ?? ''} · Slack ${slackView ?? ''}`,
          facts: { api, gateway, temporalUi, mailInbox, slackView },
        };
      },
    },
    {
      id: 'winter-lands',
      title: 'The departures of January and February land (real, every 16th)',
      expected: 'a Parquet file for each month',
      run: async () => {
        const january = await landFlights(LANDED_DIR, '2001-01-01', '2001-02-01', LANDED);
        const february = await landFlights(LANDED_DIR, '2001-02-01', '2001-03-01', LANDED);
        const flights = january.flights + february.flights;
        return { seen: `${flights} departures`, facts: { flights } };
      },
    },
    {
      id: 'apply',
      title: 'Dana, data scientist (scripted), applies the spec',
      expected: 'revision 1 of the spec; applying it again changes nothing',
      run: async () => {
        const { dataScientist } = sceneOf(setting);
        const first = await dataScientist.apply(SPEC_FILE);
        const again = await dataScientist.apply(SPEC_FILE);
        if (again.changed || again.revision !== first.revision)
          throw new NotSeen(`applying the same spec again made revision ${again.revision}`);
        return {
          seen: `${MODEL}: revision ${first.revision}, then nothing changed`,
          facts: { revision: first.revision, schedules: first.schedules },
        };
      },
    },
    {
      id: 'produce-first',
      title: 'Dana asks for a first version',
      expected: 'flights ingested and tested, a classifier trained, evaluated, registered; its gates pass',
      run: async (tell) => {
        const { dataScientist } = sceneOf(setting);
        await dataScientist.trigger(MODEL, 'First version, on the winter', 'story:first-version');
        setting.first = await untilNewVersion(dataScientist, MODEL, 0, VERSION_TIMEOUT_MS, tell);
        await untilApprovalOpen(dataScientist, MODEL, setting.first, PRODUCTION_TIMEOUT_MS, tell);
        const report = await dataScientist.gates(MODEL, setting.first);
        if (report === null) throw new NotSeen('there is no gate report');
        return {
          seen: `version ${setting.first}: ${report.gates.map(({ gate, verdict }) => `${gate} ${verdict.kind}`).join(', ')}`,
          facts: {
            version: setting.first,
            gates: report.gates.map(({ gate, verdict }) => ({ gate, ...verdict })),
          },
        };
      },
    },
    {
      id: 'self-approval',
      title: 'Dana tries to approve her own version',
      expected: 'refused: who requests a version cannot approve it',
      run: async () => {
        const refusal: unknown = await sceneOf(setting)
          .dataScientist.approve(MODEL, setting.first, 'looks good to me')
          .then(
            () => null,
            (error: unknown) => error,
          );
        if (!isPerennialError(refusal) || refusal.status !== 403)
          throw new NotSeen(`it was not refused: ${String(refusal)}`);
        return { seen: `${refusal.code}: ${refusal.message}`, facts: { code: refusal.code } };
      },
    },
    {
      id: 'approve-first',
      title: 'Miguel, ML engineer (scripted), approves',
      expected: 'mail and Slack asked for it; the version takes all traffic and bakes',
      run: async (tell) => {
        const { mlEngineer, inbox } = sceneOf(setting);
        const asked = await inbox.bothTell(`version ${setting.first}`, MESSAGE_TIMEOUT_MS);
        await mlEngineer.approve(MODEL, setting.first, 'Ranks delays at all times of the day');
        await untilStage(mlEngineer, MODEL, setting.first, ['bake', 'champion'], ROLLOUT_TIMEOUT_MS, tell);
        return {
          seen: `${asked.mails} mail and ${asked.slack} Slack message asked; version ${setting.first} serves`,
          facts: asked,
        };
      },
    },
    {
      id: 'march-departs',
      title: `The flights of March depart, ${FLIGHTS_PER_SECOND} a second`,
      expected: 'the gateway says for each how likely a delay is, and hears whether it was late',
      run: async (tell) => {
        const { replay } = sceneOf(setting);
        replay.departing(await readFlights('2001-03-01', '2001-04-01', LIVE, MOST_LIVE));
        const { totals } = replay;
        await until('300 departures', MESSAGE_TIMEOUT_MS, () => {
          tell(`${totals.flights} departed, ${totals.late} late`);
          return Promise.resolve(totals.flights >= 300 ? true : undefined);
        });
        return { seen: `${totals.flights} departed, ${totals.late} late`, facts: structuredClone(totals) };
      },
    },
    {
      id: 'champion-first',
      title: 'The first version proves itself on live traffic',
      expected: 'no errors while it bakes: it becomes champion',
      run: async (tell) => {
        const { mlEngineer } = sceneOf(setting);
        await untilChampion(mlEngineer, MODEL, setting.first, ROLLOUT_TIMEOUT_MS, tell);
        return { seen: `version ${setting.first} is champion`, facts: { version: setting.first } };
      },
    },
  ];
}
