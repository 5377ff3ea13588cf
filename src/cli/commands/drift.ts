import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { openDataFile } from '../../data/data-file/open-data-file.ts';
import { COLUMN_KINDS } from '../../data/drift/column-kind.ts';
import type { ColumnKind } from '../../data/drift/column-kind.ts';
import { compareColumns } from '../../data/drift/compare-columns.ts';
import type { ComparedColumn } from '../../data/drift/compare-columns.ts';
import { compareRows } from '../../data/drift/compare-rows.ts';
import { pairColumns } from '../../data/drift/pair-columns.ts';
import type { FileFormat } from '../../data/read-segment.ts';
import { USAGE } from '../../errors/cli-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { AUTO_METHODS, DEFAULT_DRIFT_SHARE, PUBLISHED_THRESHOLDS } from '../../stats/index.ts';
import type { DriftMethod, DriftPolicy } from '../../stats/index.ts';
import { formatOption, listOption, s3FromEnvironment, withDataJob } from '../data-job.ts';
import { EXIT } from '../exit-codes.ts';
import { driftPage } from '../pages/drift-page.ts';
import { driftReport, isBreach } from '../reports/drift-report.ts';
import { renderDrift } from '../reports/render-drift.ts';
import { writeReport } from '../reports/write-report.ts';
import { isSameFile } from '../same-file.ts';

interface DriftOptions {
  readonly json?: boolean;
  readonly html?: string;
  readonly columns?: string[];
  readonly exclude?: string[];
  readonly type: Readonly<Record<string, ColumnKind>>;
  readonly method: 'auto' | DriftMethod;
  readonly threshold?: number;
  readonly alpha: number;
  readonly share: number;
  readonly failOn: 'column' | 'dataset';
  readonly multivariate?: boolean;
  readonly format?: FileFormat;
}

const METHODS = Object.keys(PUBLISHED_THRESHOLDS) as DriftMethod[];
const MIN_ALPHA = 1e-4;
const PERMUTATIONS = 999;

const HELP = `
Missing values and infinities are set aside and their rates judged apart. A column without drift alarms in at most
--alpha of all comparisons at any size; what a shift must exceed at these sizes is the line that is printed.

Exit codes: 0 no drift, 1 a column drifted (or its rate of missing values did), 2 an error, or no column had enough
data to judge.

Examples:
  perennial drift january.parquet february.parquet
  perennial drift s3://lake/train.parquet 'today/*.csv' --exclude id,created_at --html drift.html
  perennial drift a.csv b.csv --type zip=categorical --method psi --threshold 0.2 --json`;

export function addDriftCommand(program: Command): void {
  program
    .command('drift')
    .description('compare two data files column by column; needs no server')
    .argument('<reference>', 'CSV, Parquet or NDJSON: a path, a wildcard or s3://bucket/key')
    .argument('<current>')
    .option('--columns <names>', 'only these columns, separated by commas', listOption)
    .option('--exclude <names>', 'not these columns', listOption)
    .option(
      '--type <name=kind>',
      `what a column holds: ${COLUMN_KINDS.join(', ')}; may be repeated`,
      typeOption,
      {},
    )
    .addOption(
      new Option(
        '--method <name>',
        'the measure that decides; auto takes js_distance, for numbers wasserstein_normed too',
      )
        .choices(['auto', ...METHODS])
        .default('auto'),
    )
    .option(
      '--threshold <effect>',
      'smallest effect worth an alarm, in the unit of --method; other measures keep 0.1, as published',
      positive,
    )
    .option('--alpha <share>', 'how often a column without drift may alarm', alphaOption, 0.005)
    .option(
      '--share <share>',
      'the dataset drifted when this share of its columns did',
      shareOption,
      DEFAULT_DRIFT_SHARE,
    )
    .addOption(
      new Option('--fail-on <what>', 'exit with 1 when a column drifted, or only when the dataset did')
        .choices(['column', 'dataset'])
        .default('column'),
    )
    .option('--multivariate', 'also ask whether a classifier tells the two apart by all columns together')
    .option('--html <file>', 'write a page with both distributions of every column')
    .option('--format <format>', 'csv, parquet or ndjson; else told from the names', formatOption)
    .addHelpText('after', HELP)
    .action((reference: string, current: string, _options: unknown, command: Command) =>
      drift(reference, current, command.optsWithGlobals<DriftOptions>()),
    );
}

async function drift(reference: string, current: string, options: DriftOptions): Promise<void> {
  // Of a column that has not the measure another decides, whose unit this threshold is not in.
  const bound = options.method === 'auto' ? AUTO_METHODS : [options.method];
  const policy: DriftPolicy = {
    method: options.method,
    alpha: options.alpha,
    permutations: Math.max(PERMUTATIONS, Math.ceil(2 / options.alpha) - 1),
    ...(options.threshold === undefined
      ? {}
      : { thresholds: Object.fromEntries(bound.map((method) => [method, options.threshold])) }),
  };
  const text = Object.entries(options.type).flatMap(([name, kind]) => (kind === 'categorical' ? [name] : []));
  await withDataJob(async (session) => {
    const open = (location: string, as: string) =>
      openDataFile(session, location, { as, format: options.format, text, s3: s3FromEnvironment });
    const left = await open(reference, 'reference');
    const right = await open(current, 'current');
    const columns = await pairColumns(session, left, right, {
      columns: options.columns,
      exclude: options.exclude,
      kinds: options.type,
    });
    if (columns.length === 0) throw new PerennialError(USAGE, 'no column is left to compare');
    const compared: ComparedColumn[] = [];
    for await (const column of compareColumns(session, left, right, columns, policy)) compared.push(column);
    const report = driftReport(left, right, compared, options.share);
    if (options.multivariate)
      report.multivariate = await compareRows(session, left, right, columns, options.alpha);
    await writeReport(report, {
      json: options.json ?? false,
      html: options.html,
      page: (found) => driftPage(found, compared),
      render: renderDrift,
    });
    // A slip in a script that would keep it green for ever.
    if (await isSameFile(reference, current))
      process.stderr.write(`warning: reference and current are the same file, ${current}: it can't drift\n`);
    const drifted =
      options.failOn === 'dataset' ? report.dataset.verdict === 'drifted' : report.columns.some(isBreach);
    if (drifted || report.multivariate?.verdict === 'drifted') process.exitCode = EXIT.breach;
    else if (report.dataset.verdict === 'insufficient_data') process.exitCode = EXIT.usage;
  });
}

function typeOption(value: string, before: Record<string, ColumnKind>): Record<string, ColumnKind> {
  const at = value.lastIndexOf('=');
  const kind = COLUMN_KINDS.find((one) => one === value.slice(at + 1));
  if (at < 1 || kind === undefined)
    throw new InvalidArgumentError(
      `It is a column and its kind, such as zip=categorical; kinds are ${COLUMN_KINDS.join(', ')}.`,
    );
  return { ...before, [value.slice(0, at)]: kind };
}

function positive(value: string): number {
  const number = Number(value);
  if (value.trim() !== '' && number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('It is a number above 0.');
}

function alphaOption(value: string): number {
  const number = Number(value);
  if (number >= MIN_ALPHA && number <= 0.5) return number;
  throw new InvalidArgumentError(`It is a number from ${String(MIN_ALPHA)} to 0.5.`);
}

function shareOption(value: string): number {
  const number = Number(value);
  if (number > 0 && number <= 1) return number;
  throw new InvalidArgumentError('It is a number above 0, at most 1.');
}
