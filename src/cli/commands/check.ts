import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { DuckDbSession } from '../../data/duckdb.ts';
import type { FileFormat } from '../../data/read-segment.ts';
import type { Expectation } from '../../contracts/spec/expectations.ts';
import { PII_KINDS } from '../../domain/pii-kind.ts';
import type { PiiKind } from '../../domain/pii-kind.ts';
import { nearestName } from '../../domain/nearest-name.ts';
import { USAGE } from '../../errors/cli-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { loadExpectations } from '../../spec/load-expectations.ts';
import { checkFile } from '../checks/check-report.ts';
import { openTestedFile } from '../checks/open-tested-file.ts';
import { scanFile } from '../checks/scan-report.ts';
import { textColumns } from '../checks/text-columns.ts';
import { formatOption, listOption, withDataJob } from '../data-job.ts';
import { EXIT } from '../exit-codes.ts';
import { findingsPage } from '../pages/findings-page.ts';
import { checkFindings } from '../reports/check-findings.ts';
import { renderFindings } from '../reports/render-findings.ts';
import type { Findings } from '../reports/render-findings.ts';
import { scanFindings } from '../reports/scan-findings.ts';
import { writeReport } from '../reports/write-report.ts';

interface FileOptions {
  readonly format?: FileFormat;
  readonly html?: string;
}
interface CheckOptions extends FileOptions {
  readonly expectations?: string;
  readonly source?: string;
  readonly reference?: Reference[];
}
interface ScanOptions extends FileOptions {
  readonly allow?: string[];
  readonly kinds?: PiiKind[];
}
interface Reference {
  readonly source: string;
  readonly location: string;
}

function referenceOption(value: string, before: Reference[] = []): Reference[] {
  const at = value.indexOf('=');
  if (at < 1 || at === value.length - 1) throw new InvalidArgumentError('It is NAME=FILE.');
  return [...before, { source: value.slice(0, at), location: value.slice(at + 1) }];
}

function kindsOption(value: string, before: readonly PiiKind[] = []): PiiKind[] {
  const named = listOption(value).map((name) => {
    const kind = PII_KINDS.find((known) => known === name);
    if (kind) return kind;
    const near = nearestName(name, PII_KINDS);
    throw new InvalidArgumentError(
      `There is no kind "${name}"${near === null ? '.' : `; did you mean "${near}"?`} Known: ${PII_KINDS.join(', ')}`,
    );
  });
  return [...before, ...named];
}

const referenceView = (source: string): string => `reference ${source}`;

/** A misspelt one would leave its expectation skipped, and the check would pass. */
function refuseUnused(references: readonly Reference[], expectations: readonly Expectation[]): void {
  const wanted = expectations.flatMap((e) => (e.expect === 'references' ? [e.source] : []));
  for (const { source } of references) {
    if (wanted.includes(source)) continue;
    const near = nearestName(source, wanted);
    const known =
      wanted.length === 0 ? 'none refers to another source' : `known: ${[...new Set(wanted)].join(', ')}`;
    throw new PerennialError(
      USAGE,
      `--reference ${source}=…: no expectation refers to "${source}"${near === null ? '' : `; did you mean "${near}"?`} (${known})`,
    );
  }
}

async function attachReferences(
  session: DuckDbSession,
  references: readonly Reference[],
): Promise<(source: string) => string | null> {
  for (const { source, location } of references)
    await openTestedFile(session, location, referenceView(source), {});
  const known = new Set(references.map((reference) => reference.source));
  return (source) => (known.has(source) ? referenceView(source) : null);
}

async function finish<R extends { readonly verdict: string }>(
  command: Command,
  report: R,
  findings: (report: R) => Findings,
): Promise<void> {
  const { html, json } = command.optsWithGlobals<FileOptions & { json?: boolean }>();
  await writeReport(report, {
    json: json ?? false,
    html,
    page: (found) => findingsPage(findings(found)),
    render: (found) => renderFindings(findings(found)),
  });
  if (report.verdict === 'fail' || report.verdict === 'pii') process.exitCode = EXIT.breach;
}

/** Commands that judge a data file on their own: no server, no state. */
export function addCheckCommands(program: Command): void {
  program
    .command('check')
    .description('test a data file by expectations; needs no server')
    .argument('<data>', 'CSV, Parquet or NDJSON: a path or s3:// address, with * for several files')
    .option('--expectations <file>', 'a list of expectations (YAML, JSON), or a perennial.yaml')
    .option('--source <name>', 'whose expectations, of a perennial.yaml')
    .option(
      '--reference <name=file>',
      'the data of a source that is referred to (repeatable)',
      referenceOption,
    )
    .option('--format <format>', 'csv, parquet or ndjson; told from the name otherwise', formatOption)
    .option('--html <file>', 'also write a page to this file')
    .addHelpText(
      'after',
      '\nExit codes: 0 all hold, 1 one fails, 2 the command, the file or an expectation is wrong\n\nExamples:\n  perennial check orders.csv\n  perennial check orders.parquet --expectations expectations.yaml --html report.html\n  perennial check "s3://lake/orders/*.parquet" --expectations perennial.yaml --source orders --json',
    )
    .action(async (data: string, options: CheckOptions, command: Command) => {
      const loaded =
        options.expectations === undefined
          ? null
          : await loadExpectations(options.expectations, options.source);
      if (loaded === null && options.source !== undefined)
        command.error('error: --source needs --expectations with a perennial.yaml');
      refuseUnused(options.reference ?? [], loaded?.expectations ?? []);
      const report = await withDataJob(async (session) => {
        const text = loaded === null ? [] : [...loaded.textColumns, ...textColumns(loaded.expectations)];
        const file = await openTestedFile(session, data, 'batch', { format: options.format, text });
        const viewOf = await attachReferences(session, options.reference ?? []);
        return checkFile(session, file, loaded?.expectations ?? null, viewOf);
      });
      await finish(command, report, checkFindings);
    });

  program
    .command('scan')
    .description('look for personal data in a data file, and show none of it; needs no server')
    .argument('<data>', 'CSV, Parquet or NDJSON: a path or s3:// address, with * for several files')
    .option('--allow <columns>', 'columns that may hold personal data, separated by commas', listOption)
    .option('--kinds <kinds>', 'only these kinds, such as email_address,credit_card', kindsOption)
    .option('--format <format>', 'csv, parquet or ndjson; told from the name otherwise', formatOption)
    .option('--html <file>', 'also write a page to this file')
    .addHelpText(
      'after',
      `\nExit codes: 0 none for certain, 1 a column holds personal data, 2 the command or the file is wrong\n\nKinds: ${PII_KINDS.join(', ')}\n\nExamples:\n  perennial scan customers.csv\n  perennial scan customers.parquet --allow email --json`,
    )
    .action(async (data: string, options: ScanOptions, command: Command) => {
      const report = await withDataJob(async (session) => {
        const file = await openTestedFile(session, data, 'data', {
          format: options.format,
          numbersAsText: true,
        });
        return scanFile(session, file, { allow: options.allow ?? [], kinds: options.kinds ?? null });
      });
      await finish(command, report, scanFindings);
    });
}
