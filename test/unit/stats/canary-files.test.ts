import { afterAll, describe, expect, it } from 'vitest';
import { CanaryReport } from '../../../src/contracts/canary-report.ts';
import { canaryTable } from '../../../src/cli/reports/render-canary.ts';
import { parseMargins, parseMetric, parseSplit } from '../../../src/evaluation/canary/canary-options.ts';
import type { CanaryOptions } from '../../../src/evaluation/canary/canary-options.ts';
import { compareCanaryFiles } from '../../../src/evaluation/canary/compare-files.ts';
import { seededRandom } from '../../../src/stats/index.ts';
import { P_VALUE, expectClose, readReference } from './reference-files.ts';
import { DataFiles } from './data-files.ts';

const files = new DataFiles();
afterAll(() => files.remove());

const DEFAULTS: CanaryOptions = {
  metrics: [],
  kind: null,
  margins: new Map(),
  sequential: false,
  alpha: 0.05,
  power: 0.8,
  minSamples: 200,
  split: null,
};

async function compare(
  paths: readonly [string, string],
  metrics: readonly string[],
  options: Partial<CanaryOptions> & { readonly margin?: readonly string[] } = {},
): Promise<CanaryReport> {
  const parsed = metrics.map(parseMetric);
  const { margin = [], ...rest } = options;
  return files.with(paths, async (session, control, canary) =>
    CanaryReport.parse(
      await compareCanaryFiles(session, control, canary, {
        ...DEFAULTS,
        metrics: parsed,
        margins: parseMargins(margin, parsed),
        ...rest,
      }),
    ),
  );
}

const random = seededRandom(36);
/** Requests with a conversion, an error, a latency and, now and then, none. */
function requests(name: string, n: number, rate: number, ms: number): string {
  const rows = Array.from({ length: n }, () => [
    random.next() < rate ? 1 : 0,
    random.next() < 0.01,
    random.next() < 0.02 ? '' : (ms * Math.exp(0.4 * random.normal())).toFixed(3),
  ]);
  return files.csv(name, 'converted,error,latency_ms', rows);
}
const control = requests('control.csv', 6_000, 0.2, 50);
const equal = requests('equal.csv', 6_000, 0.2, 50);
const worse = requests('worse.csv', 6_000, 0.1, 80);
const few = requests('few.csv', 60, 0.2, 50);
const kinds = (report: CanaryReport): unknown[] => [
  report.verdict.kind,
  ...report.metrics.map((m) => m.verdict.kind),
];

describe('two files of requests', () => {
  it.each([
    ['one look', false],
    ['many looks', true],
  ])('an equal canary passes, a worse one fails, at %s', async (_, sequential) => {
    const metrics = ['converted', 'latency_ms'];
    const options = { sequential, margin: ['25%'] };
    expect(kinds(await compare([control, equal], metrics, options))).toEqual(['pass', 'pass', 'pass']);
    expect(kinds(await compare([control, worse], metrics, options))).toEqual(['fail', 'fail', 'fail']);
  });
  it('too few samples are no verdict, and it says how many are needed', async () => {
    const report = await compare([control, few], ['converted']);
    expect(report.verdict.kind).toBe('insufficient_data');
    expect(report.verdict.reason).toMatch(
      /^converted: too few values\. Given: 6,000 control and 60 canary values\. Needed: at least 200 in each arm .* with 80 % power at alpha 0\.05 /,
    );
    expect(report.metrics[0]!.planning.requiredCanary).toBeGreaterThan(200);
    const tight = await compare([control, equal], ['converted'], { margin: ['0.1%'] });
    expect(tight.verdict.kind).toBe('insufficient_data');
    expect(tight.verdict.reason).toMatch(
      /a margin of 0\.000\d+ \(0\.1 % of the control's mean\) is allowed\. Given: 6,000 control and 6,000 canary values\. Needed: about [\d,]+ and [\d,]+ to show/,
    );
  });
  it('does not ask for what it was given when only the difference is too near the margin', async () => {
    const near = requests('near.csv', 6_000, 0.2 - 0.018, 50);
    const report = await compare([control, near], ['converted'], { margin: ['10%'] });
    const { planning, canary, verdict } = report.metrics[0]!;
    expect(planning.requiredCanary).toBeLessThan(canary.count);
    expect(verdict).toMatchObject({
      kind: 'insufficient_data',
      reason: expect.stringContaining('That would do') as string,
    });
    expect(verdict.reason).toContain('too near the margin: take more values or a wider --margin');
  });
  it('tells kind and direction from the data, and says so', async () => {
    const report = await compare([control, equal], ['converted', 'error', 'latency_ms'], {
      margin: ['error=0.02'],
    });
    expect(report.metrics.map(({ kind, higherIsBetter }) => [kind, higherIsBetter])).toEqual([
      ['proportion', true],
      ['proportion', false],
      ['mean', false],
    ]);
    expect(report.inferred.map(({ what }) => what)).toContain('kind of latency_ms');
    expect(report.metrics[1]!.margin).toBe(0.02);
    expect(report.metrics[2]!.control.missing).toBeGreaterThan(0);
    const said = await compare([control, worse], ['converted:lower']);
    expect(said.verdict.kind).toBe('pass');
  });
  it('a broken split fails, whatever the metrics say', async () => {
    const report = await compare([control, equal], ['converted'], { split: [90, 10] });
    expect(report).toMatchObject({ verdict: { kind: 'fail' }, split: { mismatch: true } });
    expect(report.verdict.reason).toContain(
      'sample-ratio mismatch: 6,000 control and 6,000 canary rows for a split of 90 : 10',
    );
    expect((await compare([control, equal], ['converted'], { split: [50, 50] })).verdict.kind).toBe('pass');
  });
  it('has the p-values of the independent tools', async () => {
    const { mann_whitney } = readReference<{
      mann_whitney: { name: string; auto: number; welch: { p: number } }[];
    }>('canary_expected.json');
    const cases = readReference<{ cases: { name: string; control: number[]; canary: number[] }[] }>(
      'canary_data.json',
    ).cases;
    const { control: a, canary: b } = cases.find(({ name }) => name === 'tail_only')!;
    const column = (name: string, values: readonly number[]): string =>
      files.csv(
        name,
        'v',
        values.map((v) => [v]),
      );
    const report = await compare([column('a.csv', a), column('b.csv', b)], ['v']);
    const wanted = mann_whitney.find(({ name }) => name === 'tail_only')!;
    expectClose(report.metrics[0]!.tests['welch'], wanted.welch.p, P_VALUE, 'welch');
    expectClose(report.metrics[0]!.tests['mann_whitney'], wanted.auto, P_VALUE, 'mann-whitney');
  });
  it('constant, empty and missing values are defined', async () => {
    const constant = files.csv(
      'constant.csv',
      'v',
      Array.from({ length: 300 }, () => [7]),
    );
    const same = files.csv(
      'same.csv',
      'v',
      Array.from({ length: 300 }, () => [7]),
    );
    expect((await compare([constant, same], ['v'])).verdict.kind).toBe('insufficient_data');
    const none = files.csv('none.csv', 'v', Array<string[]>(300).fill(['""']));
    const report = await compare([constant, none], ['v']);
    expect(report.metrics[0]!.canary).toMatchObject({ count: 0, mean: null });
    expect(report.verdict.kind).toBe('insufficient_data');
    const nothing = await compare(
      [none, files.csv('none2.csv', 'v', Array<string[]>(300).fill(['""']))],
      ['v'],
    );
    expect(nothing.inferred[0]).toMatchObject({ what: 'kind of v', why: 'it has no value' });
    expect(canaryTable(nothing).rows[0]).toContain('0');
    const clean = files.csv(
      'clean.csv',
      'error',
      Array.from({ length: 900 }, () => ['false']),
    );
    const spotless = files.csv(
      'spotless.csv',
      'error',
      Array.from({ length: 900 }, () => ['false']),
    );
    expect((await compare([clean, spotless], ['error'], { margin: ['0.01'] })).verdict.kind).toBe('pass');
  });
});

describe('metrics of any size', () => {
  const column = (name: string, value: () => unknown): string =>
    files.csv(
      name,
      'v',
      Array.from({ length: 600 }, () => [value()]),
    );
  it.each([1e-100, 1e-11, 1, 1e100])('a canary that is twice as slow fails in units of %s', async (unit) => {
    const base = column('base.csv', () => unit * random.next());
    const double = column('double.csv', () => 2 * unit * random.next());
    const alike = column('alike.csv', () => unit * random.next());
    for (const sequential of [false, true]) {
      expect(kinds(await compare([base, double], ['v:lower'], { sequential }))).toEqual(['fail', 'fail']);
      const equally = await compare([base, alike], ['v:lower'], { sequential, margin: ['50%'] });
      expect(kinds(equally)).toEqual(['pass', 'pass']);
    }
  });
  it('says so where a share of a mean of nearly 0 is no margin', async () => {
    let row = 0;
    const balanced = (): number => [0.1, -0.1, 0.2, -0.2, 0.3, -0.3][row++ % 6]!;
    const report = await compare([column('sum.csv', balanced), column('sum2.csv', balanced)], ['v']);
    expect(report.verdict.kind).toBe('insufficient_data');
    expect(report.metrics[0]!.planning.requiredControl).toBeNull();
    expect(report.verdict.reason).toMatch(
      /is too small beside the values' spread.*such as --margin v=0\.01$/,
    );
  });
  it('refuses values whose spread no number holds', async () => {
    let row = 0;
    const stray = column('stray.csv', () => (row++ === 5 ? Number.MAX_VALUE : random.next()));
    await expect(compare([stray, column('fine.csv', random.next)], ['v'])).rejects.toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringContaining('holds 1.7976931348623157e+308') as string,
      }),
    );
  });
});

describe('wrong input is one clear error with the mend', () => {
  it('columns', async () => {
    await expect(compare([control, equal], ['convertd'])).rejects.toThrow('did you mean "converted"?');
    const text = files.csv('text.csv', 'converted', [['x'], ['y']]);
    await expect(compare([control, text], ['converted'])).rejects.toThrow('a metric is a number');
    await expect(compare([control, equal], ['latency_ms'], { kind: 'proportion' })).rejects.toThrow(
      '--kind mean',
    );
  });
  it('margins and splits', () => {
    const metrics = [parseMetric('a')];
    expect(parseMargins(['5%', 'a=2'], metrics).get('a')).toBe(2);
    for (const text of ['foo', '-1', '5 %%', 'b=1', '', '1e400', '1e300%'])
      expect(() => parseMargins([text], metrics), text).toThrow(expect.objectContaining({ code: 'USAGE' }));
    for (const text of ['90', '0:1', 'a:b', '90:10:5', '-1:2'])
      expect(() => parseSplit(text), text).toThrow(expect.objectContaining({ code: 'USAGE' }));
    expect(parseSplit('99.5:0.5')).toEqual([99.5, 0.5]);
  });
});
