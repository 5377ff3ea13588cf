import { Option } from 'commander';
import type { Command } from 'commander';
import { CanaryReport } from '../../contracts/canary-report.ts';
import type { FileFormat } from '../../data/read-segment.ts';
import { USAGE } from '../../errors/cli-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { parseMargins, parseMetric, parseSplit } from '../../evaluation/canary/canary-options.ts';
import { compareCanaryFiles } from '../../evaluation/canary/compare-files.ts';
import { formatOption, withDataJob } from '../data-job.ts';
import { gather, numberOption } from '../number-option.ts';
import { openUsedFile } from '../open-used-file.ts';
import { canaryPage } from '../pages/canary-page.ts';
import { renderCanary } from '../reports/render-canary.ts';
import { exitOfVerdict, writeReport } from '../reports/write-report.ts';
import { isSameFile } from '../same-file.ts';

interface CanaryFlags {
  readonly metric: string[];
  readonly kind?: 'proportion' | 'mean';
  readonly margin?: string[];
  readonly sequential?: boolean;
  readonly alpha: number;
  readonly power: number;
  readonly minSamples: number;
  readonly split?: string;
  readonly format?: FileFormat;
  readonly html?: string;
}

const EXAMPLES = `
Examples:
  perennial canary control.csv canary.csv --metric converted --margin 5%
  perennial canary control.parquet canary.parquet --metric error --metric latency_ms --margin latency_ms=20 --split 90:10
  perennial canary s3://logs/v1.ndjson s3://logs/v2.ndjson --metric revenue:higher --sequential --json

Exit codes: 0 pass, 1 fail, 2 an error, or too little data to judge.`;

/** `perennial canary`: compares two files of per-request rows, without a server. */
export function addCanaryCommand(program: Command): void {
  program
    .command('canary')
    .description(
      'Judges whether a canary is not worse than its control by more than a margin; needs no server.',
    )
    .argument('<control>', 'per-request rows: CSV, Parquet or NDJSON, local or s3://')
    .argument('<canary>', 'the same of the canary')
    .requiredOption(
      '--metric <column>',
      'what is compared; column:lower where lower is better; repeatable',
      gather,
    )
    .addOption(
      new Option('--kind <kind>', 'of the metrics; told from the values if left out').choices([
        'proportion',
        'mean',
      ]),
    )
    .option(
      '--margin <margin>',
      'how much worse is not worse: 5%, 0.01 or metric=20; repeatable (default: 10%)',
      gather,
    )
    .option('--sequential', 'the verdict stays valid when the growing files are looked at again and again')
    .option('--alpha <alpha>', 'chance of a false verdict', numberOption({ least: 1e-6, most: 0.4 }), 0.05)
    .option(
      '--power <power>',
      'for which the needed samples are told',
      numberOption({ least: 0.5, most: 0.999 }),
      0.8,
    )
    .option(
      '--min-samples <rows>',
      'per arm; fewer are no verdict',
      numberOption({ least: 2, whole: true }),
      200,
    )
    .option('--split <control:canary>', 'intended traffic, such as 90:10: checks for a sample-ratio mismatch')
    .option('--format <format>', 'csv, parquet or ndjson, if the names do not tell', formatOption)
    .option('--html <file>', 'writes a page that needs nothing else')
    .addHelpText('after', EXAMPLES)
    .action(async (controlAt: string, canaryAt: string, flags: CanaryFlags, command: Command) => {
      if (await isSameFile(controlAt, canaryAt))
        throw new PerennialError(USAGE, `control and canary are the same file, ${canaryAt}; name two`);
      const metrics = flags.metric.map(parseMetric);
      const repeated = metrics.find(
        ({ column }, i) => metrics.findIndex((one) => one.column === column) !== i,
      );
      if (repeated) throw new PerennialError(USAGE, `--metric ${repeated.column} is given twice`);
      const options = {
        metrics,
        kind: flags.kind ?? null,
        margins: parseMargins(flags.margin ?? [], metrics),
        sequential: flags.sequential ?? false,
        alpha: flags.alpha,
        power: flags.power,
        minSamples: flags.minSamples,
        split: flags.split === undefined ? null : parseSplit(flags.split),
      };
      const report = await withDataJob(async (session) => {
        const used = (): string[] => metrics.map(({ column }) => column);
        const opened = { format: flags.format };
        const control = await openUsedFile(session, controlAt, 'control', opened, used);
        const canary = await openUsedFile(session, canaryAt, 'canary', opened, used);
        return compareCanaryFiles(session, control, canary, options);
      });
      await writeReport(CanaryReport.parse(report), {
        json: command.optsWithGlobals<{ json?: boolean }>().json ?? false,
        html: flags.html,
        page: canaryPage,
        render: renderCanary,
      });
      process.exitCode = exitOfVerdict(report.verdict);
    });
}
