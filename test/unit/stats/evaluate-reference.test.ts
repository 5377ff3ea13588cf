import { afterAll, describe, expect, it } from 'vitest';
import { EvaluateReport } from '../../../src/contracts/evaluate-report.ts';
import { quoteName, quoteValue } from '../../../src/data/sql-text.ts';
import { evaluatePredictions } from '../../../src/evaluation/predictions/evaluate-predictions.ts';
import type { PredictionOptions } from '../../../src/evaluation/predictions/prediction-options.ts';
import { seededRandom } from '../../../src/stats/index.ts';
import { CLOSED_FORM, expectClose, readReference } from './reference-files.ts';
import { DataFiles, REFERENCE } from './data-files.ts';

const files = new DataFiles();
afterAll(() => files.remove());

const DEFAULTS: PredictionOptions = {
  task: null,
  label: null,
  score: [],
  prediction: null,
  positive: null,
  weight: null,
  group: null,
  item: null,
  sensitive: null,
  strata: null,
  slices: [],
  minSliceSize: 50,
  cut: 0.5,
  k: 10,
  bootstrap: 0,
  seed: 1,
  thresholds: [],
  sliceThresholds: [],
};

/** Every report must be one that the published schema describes. */
async function evaluate(path: string, options: Partial<PredictionOptions>): Promise<EvaluateReport> {
  return files.with([path], async (session, file) =>
    EvaluateReport.parse(await evaluatePredictions(session, file, { ...DEFAULTS, ...options })),
  );
}

type Expected = Record<string, any>;
const expected = readReference<Expected>('metrics_expected.json');
const BINARY = {
  accuracy: 'accuracy',
  balanced_accuracy: 'balancedAccuracy',
  precision: 'precision',
  recall: 'recall',
  f1: 'f1',
  roc_auc: 'auc',
  average_precision: 'averagePrecision',
  log_loss: 'logLoss',
  brier: 'brier',
  mcc: 'mcc',
  kappa: 'kappa',
};
function expectMetrics(metrics: EvaluateReport['overall']['metrics'], e: Expected, names: Expected): void {
  for (const [theirs, ours] of Object.entries(names))
    expectClose(metrics[ours as string], e[theirs], CLOSED_FORM, theirs);
}

describe('a file of predictions gets the numbers of the independent tools', () => {
  const binary = `${REFERENCE}metrics_binary.csv`;
  it('binary, with slices and crossed slices', async () => {
    const report = await evaluate(binary, { label: 'y', slices: ['country', 'device', 'country*device'] });
    expect(report.task).toBe('binary');
    expect(report.inferred.map(({ what }) => what)).toEqual(['score column', 'task']);
    expectMetrics(report.overall.metrics, expected.binary.overall, BINARY);
    expectClose(report.overall.metrics['ece'], expected.binary.ece_10_equal_width, CLOSED_FORM, 'ece');
    const [tn, fp, fn, tp] = expected.binary.overall.tn_fp_fn_tp;
    expect(report.confusion).toEqual([
      [tn, fp],
      [fn, tp],
    ]);
    const wanted = { ...expected.binary.slices, ...expected.binary.cross } as Expected;
    for (const [name, e] of Object.entries(wanted)) {
      const slice = report.slices.find((one) => one.name === name)!;
      expect(slice.count).toBe((e as Expected).n);
      expectMetrics(slice.metrics, e as Expected, BINARY);
    }
  });
  it('binary, weighted', async () => {
    const report = await evaluate(binary, { label: 'y', weight: 'weight' });
    const { kappa: _, ...names } = BINARY;
    expectMetrics(report.overall.metrics, expected.binary.overall_weighted, names);
  });
  it('multiclass, of probabilities and of predicted classes', async () => {
    const path = `${REFERENCE}metrics_multiclass.csv`;
    const report = await evaluate(path, { label: 'y', score: ['p0', 'p1', 'p2'] });
    expect(report).toMatchObject({ task: 'multiclass', classes: ['0', '1', '2'] });
    expect(report.confusion).toEqual(expected.multiclass.confusion);
    expectMetrics(report.overall.metrics, expected.multiclass, {
      accuracy: 'accuracy',
      log_loss: 'logLoss',
      roc_auc_ovr_macro: 'aucOneVsRestMacro',
      roc_auc_ovo_macro: 'aucOneVsOneMacro',
      precision_macro: 'macroPrecision',
      recall_macro: 'macroRecall',
      f1_macro: 'macroF1',
      precision_weighted: 'weightedPrecision',
      recall_weighted: 'weightedRecall',
      f1_weighted: 'weightedF1',
    });
    const predicted = files.csv('classes.csv', 'y,prediction', [
      ...(expected.multiclass.confusion as number[][]).flatMap((row, y) =>
        row.flatMap((n, p) => Array.from({ length: n }, () => ['abc'[y], 'abc'[p]])),
      ),
    ]);
    const labels = await evaluate(predicted, {});
    expect(labels).toMatchObject({ task: 'multiclass', classes: ['a', 'b', 'c'] });
    expectMetrics(labels.overall.metrics, expected.multiclass, { accuracy: 'accuracy', f1_macro: 'macroF1' });
  });
  it('regression, with slices', async () => {
    const report = await evaluate(`${REFERENCE}metrics_regression.csv`, { label: 'y', slices: ['segment'] });
    expect(report.task).toBe('regression');
    const names = {
      rmse: 'rmse',
      mae: 'mae',
      r2: 'r2',
      mape: 'mape',
      bias_mean_error: 'bias',
      medae: 'medianAbsoluteError',
    };
    expectMetrics(report.overall.metrics, expected.regression.overall, names);
    for (const { name, metrics } of report.slices)
      expectMetrics(metrics, expected.regression.slices[name], names);
  });
  it('ranking, with the diversity of its lists', async () => {
    const data = readReference<Expected>('ranking_data.json');
    const rows = Object.entries(data.runs.good as Record<string, Record<string, number>>).flatMap(
      ([user, list]) => {
        const grades = data.qrels[user] as Record<string, number>;
        // Relevant items that the run leaves out come last, so that the ideal order knows them.
        const rest = Object.keys(grades).filter((item) => !(item in list));
        return [
          ...Object.entries(list).map(([item, score]) => [user, item, score, grades[item] ?? 0]),
          ...rest.map((item) => [user, item, -1, grades[item]]),
        ];
      },
    );
    const path = files.csv('lists.csv', 'user,item,score,grade', rows);
    const report = await evaluate(path, { label: 'grade', group: 'user', item: 'item', k: 10 });
    expect(report.task).toBe('ranking');
    expectMetrics(report.overall.metrics, expected.ranking.ranx.good, {
      'ndcg@10': 'ndcg',
      'map@10': 'map',
      'mrr@10': 'mrr',
      'hit_rate@10': 'hitRate',
      'precision@10': 'precisionAtK',
      'recall@10': 'recallAtK',
      'f1@10': 'f1AtK',
      'ndcg_burges@10': 'ndcgExponential',
    });
    expectMetrics(report.overall.metrics, expected.ranking.diversity['good@10'], {
      catalogue_coverage: 'coverage',
      gini_over_catalogue: 'gini',
      entropy_bits: 'entropyBits',
      effective_items: 'effectiveItems',
      hhi: 'hhi',
      personalisation_1_minus_overlap: 'diversity',
    });
  });
  it.each(['sex', 'race', 'sex*race'])('the bias of decisions by %s', async (sensitive) => {
    const path = `${REFERENCE}bias.csv`;
    const report = await evaluate(path, { label: 'y', prediction: 'pred', sensitive, strata: 'age_band' });
    const e = readReference<Expected>('bias_expected.json').by[sensitive.replace('*', '_')];
    expectMetrics(report.bias!.fairness as Record<string, number | null>, e, {
      demographic_parity_difference: 'demographicParityDifference',
      demographic_parity_ratio: 'demographicParityRatio',
      equalized_odds_difference: 'equalizedOddsDifference',
      equalized_odds_ratio: 'equalizedOddsRatio',
    });
    if (sensitive !== 'race') return;
    const { facets } = readReference<Expected>('bias_clarify.json');
    const { TE, ...measures } = report.bias!.clarify['B']!;
    expectClose(TE, facets['race=B'].TE, CLOSED_FORM, 'TE');
    for (const [name, value] of Object.entries(measures))
      expectClose(value, facets['race=B'][name], CLOSED_FORM, name);
  });
});

describe('whatever the file is like', () => {
  const random = seededRandom(8);
  const rows = Array.from({ length: 400 }, (_, i) => {
    const y = random.below(2);
    return [y, Math.round(1e4 * (0.4 * y + 0.6 * random.next())) / 1e4, 'abcde'[i % 5]];
  });
  it('CSV, Parquet and NDJSON, numbers, booleans and words give the same report', async () => {
    const csv = files.csv('a.csv', 'label,score,s', rows);
    const parquet = `${files.folder}/a.parquet`;
    await files.with([csv], (session, file) =>
      session.run(
        `COPY (SELECT label = 1 AS label, score, s FROM ${quoteName(file.table)}) TO ${quoteValue(parquet)} (FORMAT parquet)`,
      ),
    );
    const ndjson = files.write(
      'a.ndjson',
      rows.map(([y, score, s]) => JSON.stringify({ label: y === 1 ? 'yes' : 'no', score, s })).join('\n'),
    );
    const options = { slices: ['s'], bootstrap: 40 };
    const first = await evaluate(csv, options);
    for (const path of [parquet, ndjson]) {
      const { overall, slices, calibration } = await evaluate(path, options);
      expect({ overall, slices, calibration }).toEqual({
        overall: first.overall,
        slices: first.slices,
        calibration: first.calibration,
      });
    }
    const { auc } = first.overall.intervals!;
    expect(auc!.low! < first.overall.metrics['auc']! && first.overall.metrics['auc']! < auc!.high!).toBe(
      true,
    );
    expect((await evaluate(csv, { ...options, seed: 2 })).overall.intervals).not.toEqual(
      first.overall.intervals,
    );
  });
  it('a model that never says the positive class may call the others what it likes', async () => {
    const path = files.csv('never.csv', 'label,prediction', [
      ['cat', 'other'],
      ['dog', 'other'],
      ['bird', 'other'],
    ]);
    const { overall } = await evaluate(path, { positive: 'cat', task: 'binary' });
    expect(overall.metrics).toMatchObject({ recall: 0, positives: 1 });
    const slip = files.csv('slip.csv', 'label,prediction', [
      ['spam', 'Spam '],
      ['ham', 'Ham'],
    ]);
    await expect(evaluate(slip, { positive: 'spam' })).rejects.toThrow('write both in the same words');
  });
  it('rows that can not be used are counted by reason, and missing slice values are a slice', async () => {
    const path = files.csv('holes.csv', 'label,score,w,s', [
      [1, 0.9, 1, 'x'],
      [0, 0.2, 2, ''],
      ['', 0.5, 1, 'x'],
      [1, '', 1, 'x'],
      [1, 'nan', 1, 'x'],
      [0, 0.1, -1, 'x'],
      [0, 0.1, '', 'x'],
    ]);
    const report = await evaluate(path, { weight: 'w', slices: ['s'] });
    expect(report.predictions).toMatchObject({
      rows: 7,
      used: 2,
      dropped: { label_missing: 1, prediction_missing: 2, weight_unusable: 2 },
    });
    const lists = files.csv('lists.csv', 'label,score,group,item', [
      [1, 0.9, 'u', 'a'],
      [0, 0.4, 'u', 'b'],
      [1, 0.8, '', 'a'],
      [0, 0.7, '', 'b'],
      [1, 0.3, 'v', ''],
    ]);
    const ranked = await evaluate(lists, { group: 'group', item: 'item' });
    expect(ranked.predictions).toMatchObject({ used: 2, dropped: { group_missing: 2, item_missing: 1 } });
    expect(ranked.overall.metrics).toMatchObject({ groups: 1, mrr: 1 });
    expect(report.slices.map(({ name, count }) => [name, count])).toEqual([
      ['s=(missing)', 1],
      ['s=x', 1],
    ]);
  });
  it.each([
    ['0', '1', ['0', '1']],
    ['0.0', '1.0', ['0', '1']],
    ['false', 'true', ['0', '1']],
    ['negative', 'positive', ['negative', 'positive']],
  ])(
    'a day on which everybody is %s has no positives, and is no error',
    async (negative, positive, classes) => {
      const path = files.csv('negative.csv', 'label,score', [
        [negative, 0.2],
        [negative, 0.7],
      ]);
      const report = await evaluate(path, { positive, task: 'binary' });
      expect(report.classes).toEqual(classes);
      expect(report.overall.metrics).toMatchObject({ positives: 0, accuracy: 0.5, precision: 0, auc: null });
    },
  );
  it.each(['true', 'True', 'yes', '1'])('--positive %s is the true of true and false', async (positive) => {
    const path = files.csv('flags.csv', 'label,score', [
      ['true', 0.7],
      ['false', 0.2],
    ]);
    const report = await evaluate(path, { positive });
    expect(report.overall.metrics).toMatchObject({ positives: 1, accuracy: 1, auc: 1 });
  });
  it('nothing to rank by is null and said, not an error', async () => {
    const one = files.csv('one.csv', 'label,score', [
      [1, 0.9],
      [1, 0.4],
    ]);
    const report = await evaluate(one, { thresholds: ['auc>=0.5'] });
    expect(report.overall.metrics['auc']).toBeNull();
    expect(report.notes).toContain('all labels are the same, so that nothing can be ranked');
    expect(report.verdict?.kind).toBe('insufficient_data');
    const constant = files.csv('constant.csv', 'label,score', [
      [1, 0.5],
      [0, 0.5],
    ]);
    expect((await evaluate(constant, {})).overall.metrics['auc']).toBe(0.5);
    for (const content of ['label,score\n', 'label,score\n,\n,\n']) {
      const none = await evaluate(files.write('none.csv', content), { thresholds: ['accuracy>=0'] });
      expect(none.verdict?.kind).toBe('insufficient_data');
      expect(none.predictions.used).toBe(0);
    }
  });
  it('weights that are all 0 define nothing, and that is said', async () => {
    const path = files.csv('weightless.csv', 'label,score,w', [
      [1, 0.9, 0],
      [0, 0.4, 0],
    ]);
    const { overall, notes } = await evaluate(path, { weight: 'w', bootstrap: 20 });
    const { count, dropped, positives, ...metrics } = overall.metrics;
    expect([count, dropped, positives, ...new Set(Object.values(metrics))]).toEqual([2, 0, 1, null]);
    expect(notes).toEqual(['all weights are 0, so that no row counts']);
  });
  it('what no number holds is not defined, and that is said', async () => {
    const path = files.csv('huge.csv', 'label,score', [
      [1.5e300, 1e300],
      [-1e300, 1e300],
      [0.5, -1e300],
    ]);
    const { overall, notes } = await evaluate(path, { task: 'regression' });
    expect(overall.metrics).toMatchObject({ rmse: null, r2: null, maxError: 2e300 });
    expect(notes).toEqual(['some errors are so large that no number holds their squares']);
    const scores = files.csv('scores.csv', 'label,score', [
      [1, 1.5e308],
      [0, 1e308],
    ]);
    expect((await evaluate(scores, {})).overall.metrics).toMatchObject({ auc: 1, meanScore: null });
    const relevance = [1.5e308, 1.4e308].map((grade) => [grade, 0.5, 'a']);
    const lists = files.csv('grades.csv', 'label,score,g', relevance);
    expect((await evaluate(lists, { group: 'g' })).overall.metrics).toMatchObject({ mrr: 1 });
  });
  it.each([
    ['the label has no value', []],
    ['the label has 1 distinct value: 1', [[1, 0.5]]],
  ])('says that %s', async (why, rowsOfIt) => {
    const { inferred } = await evaluate(files.csv('few.csv', 'label,score', rowsOfIt), {});
    expect(inferred.find(({ what }) => what === 'task')?.why).toBe(why);
  });
  it('scores of classes that are no probabilities have no log loss, and that is said', async () => {
    const path = files.csv('logits.csv', 'y,p_a,p_b,p_c', [
      ['a', 4.1, -2, 0.3],
      ['b', -1, 2.5, 0.1],
      ['c', 0.2, 0.1, 0.4],
    ]);
    const { overall, notes } = await evaluate(path, { label: 'y', score: ['p_a', 'p_b', 'p_c'] });
    expect(overall.metrics).toMatchObject({ accuracy: 1, logLoss: null, aucOneVsRestMacro: 1 });
    expect(notes).toEqual(['some scores lie outside [0, 1], so log loss is not defined']);
  });
  it('has no interval for how varied the lists are, which drawing lists twice does not show', async () => {
    const path = files.csv(
      'drawn.csv',
      'label,score,g,i',
      Array.from({ length: 60 }, (_, i) => [i % 3 === 0 ? 1 : 0, (i * 7) % 60, i % 6, i % 11]),
    );
    const { metrics, intervals } = (await evaluate(path, { group: 'g', item: 'i', bootstrap: 20 })).overall;
    expect(metrics).toHaveProperty('diversity');
    const quality = 'ndcg ndcgExponential map mrr hitRate precisionAtK recallAtK f1AtK rPrecision rbp';
    expect(Object.keys(intervals!)).toEqual(quality.split(' '));
  });
  it('equal scores within lists are said: there the order of the file decides', async () => {
    const path = files.csv(
      'ties.csv',
      'label,score,g',
      Array.from({ length: 40 }, (_, i) => [i % 4 === 0 ? 1 : 0, 0.5, Math.floor(i / 4)]),
    );
    expect((await evaluate(path, { group: 'g' })).notes.join()).toContain('75.0 % of rows');
  });
});

describe('thresholds are judged as gates are', () => {
  const path = `${REFERENCE}metrics_binary.csv`;
  const verdict = async (options: Partial<PredictionOptions>): Promise<unknown> =>
    (await evaluate(path, { label: 'y', slices: ['country'], ...options })).verdict?.kind ?? null;
  it.each([
    ['no threshold is no verdict', {}, null],
    ['a bound that is met', { thresholds: ['auc>=0.6', 'log_loss<=0.7'] }, 'pass'],
    ['a bound that is missed', { thresholds: ['auc>=0.6', 'brier<=0.1'] }, 'fail'],
    ['a slice that misses it', { sliceThresholds: ['roc_auc>=0.6'] }, 'fail'],
    [
      'slices too small to judge',
      { sliceThresholds: ['auc>=0.6'], minSliceSize: 5_000 },
      'insufficient_data',
    ],
  ] as const)('%s', async (_, options, kind) => {
    expect(await verdict(options as Partial<PredictionOptions>)).toBe(kind);
  });
});

describe('wrong input is one clear error with the mend', () => {
  const path = `${REFERENCE}bias.csv`;
  it.each([
    [{ label: 'yy' }, 'did you mean "y"?'],
    [{ label: 'y', score: ['scroe'] }, 'did you mean "score"?'],
    [{ label: 'y', score: ['race'] }, 'a score is a number'],
    [{ label: 'y', score: ['score', 'pred'] }, 'only multiclass takes one per class'],
    [{ label: 'sex', prediction: 'race' }, 'Say it with --positive'],
    [{ label: 'sex', prediction: 'race', positive: 'X' }, 'column "sex" has no value "X"'],
    [{ label: 'race', score: ['score'], task: 'binary' }, 'more than two values'],
    [{ label: 'race', score: ['score'], task: 'multiclass' }, 'one column per class'],
    [{ label: 'race', score: ['score'], task: 'regression' }, 'a quantity is a number'],
    [{ label: 'y', score: ['score'], task: 'ranking' }, 'needs --group'],
    [{ label: 'y', score: ['score'], group: 'race', weight: 'score' }, 'judged list by list'],
    [{ label: 'score', prediction: 'pred', sensitive: 'sex' }, 'it needs binary'],
    [{ label: 'y', prediction: 'pred', strata: 'sex' }, 'the groups of --sensitive; name these too'],
    [{ label: 'y', prediction: 'sex' }, 'column "sex": it says F, M where "y" says 0, 1'],
    [{ label: 'y', slices: ['sex*rac'] }, 'did you mean "race"?'],
    [{ label: 'y', weight: 'sex' }, 'a weight is a number'],
    [{ label: 'y', thresholds: ['auc>0.5'] }, 'is no threshold'],
    [{ label: 'y', thresholds: ['acu>=0.5'] }, 'did you mean "auc"?'],
  ] as const)('%o', async (options, message) => {
    const error = await evaluate(path, options as Partial<PredictionOptions>).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'USAGE' });
    expect((error as Error).message).toContain(message);
  });
  it('classes without scores, and scores of one class twice', async () => {
    const path = files.csv('unscored.csv', 'y,p_a,p_b,q_b', [
      ['a', 0.7, 0.3, 0],
      ['b', 0.2, 0.8, 0],
      ['c', 0.4, 0.6, 0],
    ]);
    await expect(evaluate(path, { label: 'y', score: ['p_a', 'p_b'] })).rejects.toThrow(
      'no --score column is named after its class c; name one for each class, such as p_c',
    );
    await expect(evaluate(path, { label: 'y', score: ['p_a', 'p_b', 'q_b'] })).rejects.toThrow(
      'column "q_b": it holds the scores of class b, and so does "p_b"',
    );
  });
  it('weights whose sum no number holds', async () => {
    const path = files.csv('heavy.csv', 'label,score,w', [
      [1, 0.9, 1.5e308],
      [0, 0.4, 1e308],
    ]);
    await expect(evaluate(path, { weight: 'w' })).rejects.toThrow(
      'its weights add up to more than any number',
    );
  });
  it('columns whose names do not say what they are', async () => {
    const unnamed = files.csv('unnamed.csv', 'a,b', [[1, 2]]);
    await expect(evaluate(unnamed, {})).rejects.toThrow('which column holds the truth? Say it with --label');
    await expect(evaluate(unnamed, { label: 'a' })).rejects.toThrow('Say it with --score');
  });
});
