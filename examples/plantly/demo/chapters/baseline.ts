import { isPerennialError } from '../../../../src/errors/define-error.ts';
import { untilToldByWebhook } from '../../../story/received-webhooks.ts';
import { NotSeen } from '../../../story/story.ts';
import type { Step } from '../../../story/story.ts';
import { until } from '../../../story/until.ts';
import { untilApprovalOpen, untilChampion, untilNewVersion, untilStage } from '../../../story/waits.ts';
import { publishBadBatch } from '../../simulator/application-log.ts';
import { runShoppers } from '../../simulator/run-shoppers.ts';
import { approve } from '../approval.ts';
import type { Setting } from '../setting.ts';
import { need } from '../setting.ts';
import { MODEL } from '../shop.ts';

const VERSION_TIMEOUT_MS = 180_000;
const PRODUCTION_TIMEOUT_MS = 420_000;
const ROLLOUT_TIMEOUT_MS = 480_000;
const MESSAGE_TIMEOUT_MS = 180_000;
const SHOPPERS_PER_SECOND = 60;

/** The first version: gates, approval by somebody else, traffic. */
export function baseline(setting: Setting): Step[] {
  return [
    {
      id: 'produce-v1',
      title: 'Dana asks for a first version',
      expected:
        'data ingested and tested, features built, a baseline trained, evaluated, registered; its gates pass',
      run: async (tell) => {
        const { dataScientist } = need(setting.cast, 'cast');
        await dataScientist.trigger(MODEL, 'First version: a simple baseline', 'story:first-version');
        setting.baseline = await untilNewVersion(dataScientist, MODEL, 0, VERSION_TIMEOUT_MS, tell);
        await untilApprovalOpen(dataScientist, MODEL, setting.baseline, PRODUCTION_TIMEOUT_MS, tell);
        const report = need(await dataScientist.gates(MODEL, setting.baseline), 'gate report');
        return {
          seen: `version ${setting.baseline}: ${report.gates.length} gates, ${report.verdict.kind}; waits for approval`,
          facts: {
            version: setting.baseline,
            gates: report.gates.map(({ gate, verdict }) => ({ gate, ...verdict })),
            evidenceHash: report.evidenceHash,
          },
        };
      },
    },
    {
      id: 'webhook-v1',
      title: "The shop's own systems hear of it",
      expected: 'one webhook tells version.registered, signed with the secret of the endpoint',
      run: async () => {
        const { stack, webhookSecret } = need(setting.plantly, 'stack');
        const event = { type: 'version.registered', version: setting.baseline };
        const told = await untilToldByWebhook(stack, webhookSecret, event, MESSAGE_TIMEOUT_MS);
        return {
          seen: `${event.type} of version ${setting.baseline} arrived as ${told.deliveryId}, its signature is valid`,
          facts: { ...told },
        };
      },
    },
    {
      id: 'self-approval',
      title: 'Dana tries to approve her own version',
      expected: 'refused: who requests a version cannot approve it',
      run: async () => {
        const { dataScientist } = need(setting.cast, 'cast');
        const refusal: unknown = await dataScientist
          .approve(MODEL, setting.baseline, 'looks good to me')
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
      id: 'approve-v1',
      title: 'Miguel, ML engineer (scripted), reads the card and approves',
      expected: 'mail and Slack asked for it; version 1 takes all traffic and is watched while it bakes',
      run: async (tell) => {
        const asked = await need(setting.inbox, 'inbox').bothTell(
          `version ${setting.baseline}`,
          MESSAGE_TIMEOUT_MS,
        );
        const who = await approve(
          setting,
          setting.baseline,
          'Baseline is sound: gates pass, slices hold',
          tell,
        );
        await untilStage(who, MODEL, setting.baseline, ['bake', 'champion'], ROLLOUT_TIMEOUT_MS, tell);
        // The stage is written before the route, and whoever moves it may die between.
        const route = await until(
          'the first route',
          ROLLOUT_TIMEOUT_MS,
          async () => (await who.status(MODEL)).route ?? undefined,
        );
        return {
          seen: `${asked.mails} mail and ${asked.slack} Slack message asked; version ${setting.baseline} serves, route generation ${route.generation}`,
          facts: { ...asked, route },
        };
      },
    },
    {
      id: 'shoppers',
      title: `Shoppers (simulated) come in, ${SHOPPERS_PER_SECOND} a second`,
      expected: 'the gateway ranks plants for them, and they buy some',
      run: async (tell) => {
        const { stack, shopDatabaseUrl, logDirectory, ledgerFile } = need(setting.plantly, 'stack');
        setting.shoppers = await runShoppers({
          gatewayUrl: stack.endpoints['gateway'] ?? '',
          databaseUrl: shopDatabaseUrl,
          logDirectory,
          ledgerFile,
          seed: setting.options.seed,
          historyEnd: need(setting.historyEnd, 'history'),
          ratePerSecond: SHOPPERS_PER_SECOND,
          runId: `live-${Date.now()}`,
          model: MODEL,
        });
        const { totals } = setting.shoppers;

        await until('300 ranked visits', MESSAGE_TIMEOUT_MS, () => {
          tell(`${totals.ranked} ranked, ${totals.converted} bought`);
          return Promise.resolve(totals.ranked >= 300 ? true : undefined);
        });
        return {
          seen: `${totals.ranked} visits ranked, ${totals.converted} with a purchase`,
          facts: { ...totals },
        };
      },
    },
    {
      id: 'champion-v1',
      title: 'The first version proves itself on live traffic',
      expected: 'no errors, good latency while it bakes: it becomes champion',
      run: async (tell) => {
        const { mlEngineer } = need(setting.cast, 'cast');
        await untilChampion(mlEngineer, MODEL, setting.baseline, ROLLOUT_TIMEOUT_MS, tell);
        return { seen: `version ${setting.baseline} is champion` };
      },
    },
    {
      id: 'bad-batch',
      title: 'A broken release of the shop writes a bad log file',
      expected:
        'the batch is quarantined, its failures named, and somebody is told; the last good data stays',
      run: async () => {
        await publishBadBatch(need(setting.plantly, 'stack').logDirectory, Date.now());
        const told = await need(setting.inbox, 'inbox').bothTell('uarantined', MESSAGE_TIMEOUT_MS);
        return {
          seen: `quarantined; ${told.mails} mails and ${told.slack} Slack messages tell of it`,
          facts: told,
        };
      },
    },
  ];
}
