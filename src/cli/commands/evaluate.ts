import { Option } from 'commander';
import type { Command } from 'commander';
import { EvaluateReport } from '../../contracts/evaluate-report.ts';
import type { FileFormat } from '../../data/read-segment.ts';
import { evaluatePredictions } from '../../evaluation/predictions/evaluate-predictions.ts';
import { TASKS, inferColumn } from '../../evaluation/predictions/infer-task.ts';
import type { PredictionTask } from '../../evaluation/predictions/infer-task.ts';
import { formatOption, listOption, withDataJob } from '../data-job.ts';
import { gather, numberOption } from '../number-option.ts';
import { openUsedFile } from '../open-used-file.ts';
import { evaluationPage } from '../pages/evaluation-page.ts';
import { renderEvaluation } from '../reports/render-evaluation.ts';
import { exitOfVerdict, writeReport } from '../reports/write-report.ts';

interface EvaluateFlags {
  readonly task?: PredictionTask;
  readonly label?: string;
  readonly score?: string[];
  readonly prediction?: string;
  readonly positive?: string;
  readonly weight?: string;
  readonly group?: string;
  readonly item?: string;
  readonly sensitive?: string;
  readonly strata?: string;
  readonly slices?: string[];
  readonly minSliceSize: number;
  readonly cut: number;
  readonly k: number;
  readonly bootstrap: number;
  readonly seed: number;
  readonly threshold?: string[];
  readonly sliceThreshold?: string[];
  readonly format?: FileFormat;
  readonly html?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  perennial evaluate predictions.csv --label clicked --score p_click --slices country,device,country*device
  perennial evaluate s3://bucket/scored.parquet --label y --score p --threshold "auc>=0.8" --threshold "ece<=0.05"
  perennial evaluate loans.ndjson --label repaid --score p --sensitive sex --threshold "demographicParityRatio>=0.8"
  perennial evaluate lists.parquet --label clicked --score score --group session --item sku --k 10

Exit codes: 0 all thresholds are met (or none was set), 1 one is missed, 2 an error, or too little data to judge.`;

/** `perennial evaluate`: the metrics of a file of predictions, without a server. */
export function addEvaluateCommand(program: Command): void {
  program
    .command('evaluate')
    .description(
      'Computes the metrics of recorded predictions and holds them to thresholds; needs no server.',
    )
    .argument('<predictions>', 'CSV, Parquet or NDJSON, local or s3://')
    .option('--label <column>', 'the truth')
    .option(
      '--score <columns>',
      'what the model said as a number; multiclass: one column per class',
      listOption,
    )
    .option('--prediction <column>', 'what the model said as a class or a decision')
    .addOption(new Option('--task <task>', 'told from the label if left out').choices([...TASKS]))
    .option('--positive <value>', 'the positive label of a binary task')
    .option('--weight <column>', 'how much a row counts')
    .option('--slices <keys>', 'columns to slice by; a*b crosses two', listOption)
    .option(
      '--min-slice-size <rows>',
      'smaller slices are not judged',
      numberOption({ least: 1, whole: true }),
      50,
    )
    .option('--sensitive <column>', 'compares decisions between its groups')
    .option('--strata <column>', 'with --sensitive: also compares within its groups (CDDL, CDDPL)')
    .option('--cut <score>', 'scores of at least this are positive', numberOption({}), 0.5)
    .option('--group <column>', 'ranking: whose list a row belongs to')
    .option('--item <column>', 'ranking: what a row shows; adds coverage and diversity')
    .option('--k <places>', 'ranking: lists are cut here', numberOption({ least: 1, whole: true }), 10)
    .option('--threshold <rule>', 'metric>=number or metric<=number, of all rows; repeatable', gather)
    .option('--slice-threshold <rule>', '… of all rows and of each slice; repeatable', gather)
    .option(
      '--bootstrap <resamples>',
      '95 % intervals',
      numberOption({ least: 0, most: 100_000, whole: true }),
      0,
    )
    .option(
      '--seed <seed>',
      'of the bootstrap',
      numberOption({ least: 0, most: 2 ** 32 - 1, whole: true }),
      1,
    )
    .option('--format <format>', 'csv, parquet or ndjson, if the name does not tell', formatOption)
    .option('--html <file>', 'writes a page that needs nothing else')
    .addHelpText('after', EXAMPLES)
    .action(async (location: string, flags: EvaluateFlags, command: Command) => {
      const report = await withDataJob(async (session) => {
        const sliced = [
          ...(flags.slices ?? []),
          ...(flags.sensitive ? [flags.sensitive] : []),
          ...(flags.strata ? [flags.strata] : []),
        ];
        const text = [...sliced.flatMap((key) => key.split('*')), flags.group, flags.item].filter(
          (name) => name !== undefined,
        );
        const opened = { format: flags.format, text };
        const file = await openUsedFile(session, location, 'predictions', opened, (names) => [
          flags.label ?? inferColumn('label', names),
          ...(flags.score ?? []),
          flags.score || flags.prediction
            ? flags.prediction
            : (inferColumn('score', names) ?? inferColumn('prediction', names)),
          flags.weight,
        ]);
        return evaluatePredictions(session, file, {
          task: flags.task ?? null,
          label: flags.label ?? null,
          score: flags.score ?? [],
          prediction: flags.prediction ?? null,
          positive: flags.positive ?? null,
          weight: flags.weight ?? null,
          group: flags.group ?? null,
          item: flags.item ?? null,
          sensitive: flags.sensitive ?? null,
          strata: flags.strata ?? null,
          slices: flags.slices ?? [],
          minSliceSize: flags.minSliceSize,
          cut: flags.cut,
          k: flags.k,
          bootstrap: flags.bootstrap,
          seed: flags.seed,
          thresholds: flags.threshold ?? [],
          sliceThresholds: flags.sliceThreshold ?? [],
        });
      });
      // Checked, and written as it is: a record that zod makes leaves out a group called __proto__.
      EvaluateReport.parse(report);
      await writeReport(report, {
        json: command.optsWithGlobals<{ json?: boolean }>().json ?? false,
        html: flags.html,
        page: evaluationPage,
        render: renderEvaluation,
      });
      process.exitCode = exitOfVerdict(report.verdict);
    });
}
