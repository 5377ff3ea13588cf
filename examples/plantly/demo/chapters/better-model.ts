import { join } from 'node:path';
import { isFinal } from '../../../../src/domain/version-stage.ts';
import type { Person } from '../../../story/person.ts';
import { NotSeen } from '../../../story/story.ts';
import type { Step } from '../../../story/story.ts';
import { deliverWebhook } from '../../../story/signed-webhook.ts';
import { until } from '../../../story/until.ts';
import { inShort, untilChampion, untilNewVersion, untilStage } from '../../../story/waits.ts';
import { approve } from '../approval.ts';
import type { Setting } from '../setting.ts';
import { need } from '../setting.ts';
import { MODEL, PLANTLY } from '../shop.ts';

const VERSION_TIMEOUT_MS = 180_000;
const PRODUCTION_TIMEOUT_MS = 420_000;
/** How often a build server delivers one event, all at once; an impatient one, more often. */
const DELIVERIES = 2;
const STORM = 50;
const ROLLOUT_TIMEOUT_MS = 480_000;

/** One candidate that must not serve, and one that wins. */
export function betterModel(setting: Setting): Step[] {
  return [
    {
      id: 'invasive-rejected',
      title: 'A candidate would recommend invasive species',
      expected: 'the compliance rule rejects it and shows the offending rows; nobody is asked',
      run: async (tell) => {
        const { dataScientist } = need(setting.cast, 'cast');
        await dataScientist.apply(join(PLANTLY, 'perennial.no-mask.yaml'));
        await dataScientist.trigger(MODEL, 'Try without the compliance mask', 'story:no-mask');
        setting.invasive = await untilNewVersion(
          dataScientist,
          MODEL,
          setting.baseline,
          VERSION_TIMEOUT_MS,
          tell,
        );
        await untilStage(dataScientist, MODEL, setting.invasive, ['rejected'], PRODUCTION_TIMEOUT_MS, tell);
        const report = need(await dataScientist.gates(MODEL, setting.invasive), 'gate report');
        const failed = report.gates.filter(({ verdict }) => verdict.kind === 'fail');
        const rule = failed.find(({ type }) => type === 'rule');
        if (!rule)
          throw new NotSeen(
            `rejected by ${failed.map(({ gate }) => gate).join(', ') || 'nothing'}, not by the rule`,
          );
        return {
          seen: `version ${setting.invasive} rejected by "${rule.gate}": ${rule.verdict.reason}`,
          facts: { version: setting.invasive, rule },
        };
      },
    },
    {
      id: 'produce-v2',
      title: setting.options.deep
        ? 'Dana trains a deep recommender'
        : 'Dana trains a gradient-boosted ranker',
      expected: 'one version, for all that; it beats the champion on the same holdout, and its gates pass',
      run: async (tell) => {
        const { dataScientist } = need(setting.cast, 'cast');
        await dataScientist.apply(
          join(PLANTLY, setting.options.deep ? 'perennial.deep.yaml' : 'perennial.v2.yaml'),
        );
        const { env, endpoints } = need(setting.plantly, 'stack').stack;
        const secrets = JSON.parse(env['PERENNIAL_WEBHOOK_SECRETS'] ?? '{}') as Record<string, string>;
        const [endpoint, secret] = Object.entries(secrets)[0] ?? ['', ''];
        const push = {
          apiUrl: endpoints['api'] ?? '',
          endpoint,
          secret,
          id: 'build-42',
          body: { model: MODEL, reason: 'Learns tastes by region, age and season', event: 'push' },
        };
        const deliveries = setting.options.storm ? STORM : DELIVERIES;
        const answers = await Promise.all(Array.from({ length: deliveries }, () => deliverWebhook(push)));
        const kinds = [...new Set(answers)];
        if (kinds.length > 1)
          throw new NotSeen(`one delivery, sent ${deliveries} times, was answered ${kinds.join(' and ')}`);
        setting.ranker = await untilOneIsLetThrough(dataScientist, setting.invasive, tell);
        const report = need(await dataScientist.gates(MODEL, setting.ranker), 'gate report');
        return {
          seen: `version ${setting.ranker} against version ${report.comparedWith ?? 'none'}: ${report.verdict.reason}`,
          facts: {
            version: setting.ranker,
            gates: report.gates.map(({ gate, verdict, evidence }) => ({ gate, ...verdict, evidence })),
          },
        };
      },
    },
    {
      id: 'canary-v2',
      title: 'Miguel approves; shadow, then 5, 25, 50, 100 % of live traffic',
      expected: 'every look at conversion, latency and errors lets it go on; it becomes champion',
      run: async (tell) => {
        const who = await approve(setting, setting.ranker, 'Wins on every slice', tell);
        await untilChampion(who, MODEL, setting.ranker, ROLLOUT_TIMEOUT_MS, tell);
        const rates = conversions(setting);
        return {
          seen: `version ${setting.ranker} is champion; conversion ${rates}`,
          facts: { byVersion: need(setting.shoppers, 'shoppers').totals.byVersion },
        };
      },
    },
  ];
}

/**
 * The next version after `after` that its gates let through. Where they can't tell, as when a region bought nothing of
 * what is held out, it is asked for again, on newer data.
 */
async function untilOneIsLetThrough(
  who: Person,
  after: number,
  tell: (detail: string) => void,
): Promise<number> {
  let version = await untilNewVersion(who, MODEL, after, VERSION_TIMEOUT_MS, tell);
  return until(`a version after ${after} is let through`, PRODUCTION_TIMEOUT_MS, async () => {
    const status = await who.status(MODEL);
    const [{ stage }, report] = await Promise.all([who.version(MODEL, version), who.gates(MODEL, version)]);
    tell(`${stage} · ${inShort(status)}`);
    if (stage === 'validated' || stage === 'approved') return version;
    if (isFinal(stage))
      throw new NotSeen(`version ${version} ended as ${stage}: ${report?.verdict.reason ?? 'no gates'}`);
    const isLive = status.live === null || status.live.promotion?.version === version;
    if (report === null || report.verdict.kind === 'pass' || isLive) return undefined;
    await who.trigger(MODEL, `Version ${version}: ${report.verdict.reason}`, `story:again-${version}`);
    version = await untilNewVersion(who, MODEL, version, VERSION_TIMEOUT_MS, tell);
    return undefined;
  });
}

/** Conversion by version, from the shop's own books. */
export function conversions(setting: Setting): string {
  const { byVersion } = need(setting.shoppers, 'shoppers').totals;
  return Object.entries(byVersion)
    .map(
      ([version, { ranked, converted }]) =>
        `v${version} ${((100 * converted) / Math.max(1, ranked)).toFixed(1)} %`,
    )
    .join(', ');
}
