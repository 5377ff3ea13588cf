import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Evaluation } from '../contracts/spec/training.ts';
import type { DuckDbSession } from '../data/duckdb.ts';
import { quoteName, quoteNames, quoteValue } from '../data/sql-text.ts';
import type { FrameManifest } from '../domain/frame.ts';
import { PerennialError } from '../errors/define-error.ts';
import { EVALUATION_INPUT_INVALID } from '../errors/evaluation-errors.ts';
import type { OnnxPredictor } from '../serving/onnx-predictor.ts';
import type { ScoredRow } from './task-metrics.ts';

const BATCH_ROWS = 10_000;
export const PREDICTIONS = 'predictions';
const HOLDOUT = 'perennial holdout';

export interface ScoredHoldout {
  readonly rows: readonly ScoredRow[];
  readonly distinctScores: number;
}

type Settings = Pick<Evaluation, 'task' | 'output' | 'threshold' | 'groupBy' | 'slices'>;

/**
 * Scores every row of a holdout, in batches, and makes table `predictions` of it: the frame's columns, `score`, and
 * `prediction` (0 or 1, or the class) where the task has one. Missing features go in as NaN.
 * @param path The holdout's Parquet file. The session must not be sealed yet.
 * @throws PerennialError EVALUATION_INPUT_INVALID when a column is not there or a score is not finite.
 */
export async function scoreHoldout(
  session: DuckDbSession,
  path: string,
  frame: FrameManifest,
  features: readonly string[],
  predictor: OnnxPredictor,
  settings: Settings,
): Promise<ScoredHoldout> {
  const file = await session.adopt(path);
  await session.run(
    `CREATE TABLE ${quoteName(HOLDOUT)} AS SELECT * FROM read_parquet(${quoteValue(file)}, file_row_number = true)`,
  );
  await mustHave(session, [...settings.slices, ...(settings.groupBy ? [settings.groupBy] : [])], features);
  const attributes = [...new Set([...settings.slices, ...(settings.groupBy ? [settings.groupBy] : [])])];
  const scores = join(session.directory, 'scores.csv');
  const rows: ScoredRow[] = [];
  for (let from = 0; from < frame.holdout.rows; from += BATCH_ROWS) {
    const batch = await session.rows(
      `SELECT file_row_number AS n, ${quoteName(frame.id)}::VARCHAR AS id, ${quoteName(frame.label)}::DOUBLE AS label,
         ${attributes.map((name) => `${quoteName(name)} AS ${quoteName(`a.${name}`)}`).join(', ')}${attributes.length > 0 ? ',' : ''}
         [${features.map((name) => `coalesce(${quoteName(name)}::DOUBLE, 'nan'::DOUBLE)`).join(', ')}] AS features
         FROM ${quoteName(HOLDOUT)} WHERE file_row_number >= ${from} AND file_row_number < ${from + BATCH_ROWS} ORDER BY n`,
    );
    const matrix = new Float32Array(batch.length * features.length);
    batch.forEach((row, i) => matrix.set(row['features'] as number[], i * features.length));
    const answers = await answersOf(predictor, matrix, batch.length, settings);
    const lines: string[] = [];
    batch.forEach((row, i) => {
      const { score, prediction, probabilities } = answers(i);
      if (!Number.isFinite(score))
        throw new PerennialError(
          EVALUATION_INPUT_INVALID,
          `the model gives ${score} for row ${row['id'] as string} of the holdout; every score must be a finite number, also where features are missing`,
        );
      lines.push(`${row['n'] as number},${score},${prediction ?? ''}`);
      rows.push({
        id: row['id'] as string,
        label: Number(row['label'] ?? Number.NaN),
        score,
        ...(probabilities === null ? {} : { probabilities }),
        ...(settings.groupBy === undefined ? {} : { group: JSON.stringify(row[`a.${settings.groupBy}`]) }),
        slices: Object.fromEntries(settings.slices.map((name) => [name, row[`a.${name}`]])),
      });
    });
    await appendFile(scores, `${lines.join('\n')}\n`);
  }
  const withPrediction = settings.task === 'regression' ? '' : ', s.prediction';
  await session.run(
    `CREATE TABLE ${PREDICTIONS} AS SELECT h.* EXCLUDE (file_row_number), s.score${withPrediction}
       FROM ${quoteName(HOLDOUT)} h JOIN read_csv(${quoteValue(scores)}, header = false,
         columns = {n: 'BIGINT', score: 'DOUBLE', prediction: 'INTEGER'}) s ON s.n = h.file_row_number
       ORDER BY h.file_row_number`,
  );
  await session.run(`DROP TABLE ${quoteName(HOLDOUT)}`);
  return { rows, distinctScores: new Set(rows.map((row) => row.score)).size };
}

interface Answer {
  readonly score: number;
  readonly prediction: number | null;
  readonly probabilities: readonly number[] | null;
}

/** Of several classes the score is the probability of the one that is predicted. */
async function answersOf(
  predictor: OnnxPredictor,
  matrix: Float32Array,
  count: number,
  settings: Settings,
): Promise<(row: number) => Answer> {
  if (settings.task !== 'multiclass') {
    const scores = await predictor.score(matrix, settings.output);
    return (row) => {
      const score = scores[row] ?? Number.NaN;
      const prediction = settings.task === 'binary' ? Number(score >= settings.threshold) : null;
      return { score, prediction, probabilities: null };
    };
  }
  const outputs = await predictor.predict(matrix);
  const values = outputs[settings.output];
  if (values === undefined)
    throw new PerennialError(
      EVALUATION_INPUT_INVALID,
      `evaluation.output: the model has no output ${settings.output}; it has ${Object.keys(outputs).join(', ')}`,
    );
  const width = values.length / count;
  return (row) => {
    const probabilities = values.slice(row * width, (row + 1) * width);
    const score = Math.max(...probabilities);
    return { score, prediction: probabilities.indexOf(score), probabilities };
  };
}

async function mustHave(
  session: DuckDbSession,
  attributes: readonly string[],
  features: readonly string[],
): Promise<void> {
  const known = new Set((await session.columns(HOLDOUT)).map((column) => column.name));
  const missing = [...attributes, ...features].filter((name) => !known.has(name));
  if (missing.length === 0) return;
  throw new PerennialError(
    EVALUATION_INPUT_INVALID,
    `the holdout has no column ${missing.join(', ')}; it has ${[...known].join(', ')}. Slices and groups are keys or attributes of training.spine`,
    { details: { missing } },
  );
}

/** Writes a table of the session as Parquet into its folder. @returns the path */
export async function tableToParquet(session: DuckDbSession, table: string): Promise<string> {
  const path = join(session.directory, `${table}.parquet`);
  await session.run(
    `COPY (SELECT * FROM ${quoteNames([table])}) TO ${quoteValue(path)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  return path;
}
