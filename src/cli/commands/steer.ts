import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import {
  DecideAnswerBody,
  Done,
  GateReportAnswer,
  RevalidateAnswerBody,
  RollbackAnswerBody,
  TriggerAnswerBody,
} from '../../contracts/api/answers.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { USAGE } from '../../errors/cli-errors.ts';
import { contextOf } from '../context.ts';
import type { CliContext } from '../context.ts';
import { listIn } from '../list-in.ts';

const path = (...parts: readonly string[]): string => `/v1/models/${parts.map(encodeURIComponent).join('/')}`;

export function versionArgument(text: string): number {
  const version = Number(text.replace(/^v/, ''));
  if (!Number.isInteger(version) || version < 1)
    throw new PerennialError(USAGE, `"${text}" is not a version number, such as 3`);
  return version;
}

/** A reason is for whoever reads the record in a year: it has words. */
function reasonArgument(text: string): string {
  if (text.trim() === '')
    throw new PerennialError(USAGE, '--reason is empty: say why, it is recorded with what you do');
  return text;
}

/** The evidence that a decision binds to: what the person names, else what the newest gates say now. */
async function evidenceHash(
  context: CliContext,
  model: string,
  version: number,
  given?: string,
): Promise<string> {
  if (given !== undefined) return given;
  const reports = listIn(
    'reports',
    GateReportAnswer,
    await context.api.get(`${path(model, 'versions', String(version))}/gates`),
  );
  const newest = reports.at(-1);
  if (!newest) throw new PerennialError(USAGE, `version ${version} has no gate report to decide on yet`);
  return newest.report.evidenceHash;
}

function addDecision(program: Command, decision: 'approve' | 'reject'): void {
  program
    .command(decision)
    .description(`${decision} a version that waits for approval`)
    .argument('<model>')
    .argument('<version>')
    .requiredOption('--reason <text>', 'why; recorded with the decision', reasonArgument)
    .option('--evidence <hash>', 'the evidence you read (shown on the card); default: the newest')
    .addHelpText('after', `\nExample:\n  perennial ${decision} churn 3 --reason "read the card; slices hold"`)
    .action(
      async (
        model: string,
        text: string,
        options: { reason: string; evidence?: string },
        command: Command,
      ) => {
        const context = contextOf(command);
        const version = versionArgument(text);
        const hash = await evidenceHash(context, model, version, options.evidence);
        const answer = DecideAnswerBody.parse(
          await context.api.post(`${path(model, 'versions', String(version))}/${decision}`, {
            reason: options.reason,
            evidenceHash: hash,
          }),
        );
        context.print(
          answer,
          () =>
            `version ${version} of ${model}: ${answer.status} (${answer.approvals} of ${answer.quorum} approvals)`,
        );
      },
    );
}

function addLifecycleCommand(program: Command, verb: 'pause' | 'resume', description: string): void {
  program
    .command(verb)
    .description(description)
    .argument('<model>')
    .requiredOption('--reason <text>', 'why; recorded', reasonArgument)
    .option('--rollout <version>', `${verb} the rollout of this version instead of the whole lifecycle`)
    .addHelpText(
      'after',
      `\nExamples:\n  perennial ${verb} churn --reason "holiday freeze"\n  perennial ${verb} churn --rollout 4 --reason "looking at latency"`,
    )
    .action(async (model: string, options: { reason: string; rollout?: string }, command: Command) => {
      const context = contextOf(command);
      const target =
        options.rollout === undefined
          ? path(model)
          : `${path(model, 'versions', String(versionArgument(options.rollout)))}/rollout`;
      const answer = Done.parse(await context.api.post(`${target}/${verb}`, { reason: options.reason }));
      context.print(
        answer,
        () =>
          `${options.rollout === undefined ? model : `the rollout of version ${options.rollout}`} ${verb === 'pause' ? 'is paused' : 'goes on'}`,
      );
    });
}

export function addSteeringCommands(program: Command): void {
  program
    .command('trigger')
    .description('ask for a new version')
    .argument('<model>')
    .requiredOption('--reason <text>', 'why; recorded with the version', reasonArgument)
    .option('--key <key>', 'idempotency key: the same key asks once', `cli:${randomUUID()}`)
    .addHelpText('after', '\nExample:\n  perennial trigger churn --reason "new features" --key release-42')
    .action(async (model: string, options: { reason: string; key: string }, command: Command) => {
      const context = contextOf(command);
      const answer = TriggerAnswerBody.parse(
        await context.api.post(`${path(model)}/trigger`, {
          reason: options.reason,
          idempotencyKey: options.key,
        }),
      );
      context.print(answer, () => {
        switch (answer.kind) {
          case 'started':
            return `a new version of ${model} is being produced: perennial status ${model}`;
          case 'waiting':
            return `accepted, and waits: ${answer.reason}`;
          case 'coalesced':
            return `accepted, together with ${answer.into}, which waits already`;
          case 'duplicate':
            return `already asked for under ${answer.of}`;
          case 'refused':
            return `refused: ${answer.reason}`;
        }
      });
      if (answer.kind === 'refused') process.exitCode = 1;
    });

  program
    .command('revalidate')
    .description('evaluate a candidate again and judge its gates anew')
    .argument('<model>')
    .argument('<version>')
    .requiredOption('--reason <text>', 'why; recorded', reasonArgument)
    .addHelpText('after', '\nExample:\n  perennial revalidate churn 5 --reason "the rule is mended"')
    .action(async (model: string, text: string, options: { reason: string }, command: Command) => {
      const context = contextOf(command);
      const version = versionArgument(text);
      const answer = RevalidateAnswerBody.parse(
        await context.api.post(`${path(model, 'versions', String(version))}/revalidate`, {
          reason: options.reason,
        }),
      );
      const then = answer.approvalOpen
        ? 'new evidence voids the votes of its approval'
        : `its gates are judged by revision ${answer.specRevision}`;
      context.print(
        answer,
        () => `version ${version} of ${model} is evaluated again; ${then}: perennial status ${model}`,
      );
    });

  addDecision(program, 'approve');
  addDecision(program, 'reject');
  addLifecycleCommand(
    program,
    'pause',
    'stop automation from starting anything; a critical rollback still acts',
  );
  addLifecycleCommand(program, 'resume', 'let it go on with what waits');

  for (const verb of ['promote', 'abort'] as const) {
    program
      .command(verb)
      .description(
        verb === 'promote'
          ? 'skip the rest of a rollout on your own responsibility; recorded'
          : 'stop a rollout; traffic goes back to the champion',
      )
      .argument('<model>')
      .argument('<version>')
      .requiredOption('--reason <text>', 'why; recorded', reasonArgument)
      .addHelpText('after', `\nExample:\n  perennial ${verb} churn 4 --reason "…"`)
      .action(async (model: string, text: string, options: { reason: string }, command: Command) => {
        const context = contextOf(command);
        const version = versionArgument(text);
        const answer = Done.parse(
          await context.api.post(`${path(model, 'versions', String(version))}/rollout/${verb}`, {
            reason: options.reason,
          }),
        );
        context.print(
          answer,
          () =>
            `version ${version} of ${model}: ${verb === 'promote' ? 'is being promoted' : 'is being taken back'}`,
        );
      });
  }

  program
    .command('rollback')
    .description('put an earlier champion back on all traffic, at once and without analysis')
    .argument('<model>')
    .requiredOption('--reason <text>', 'why; recorded', reasonArgument)
    .option('--to <version>', 'an earlier champion; default: the one before')
    .addHelpText(
      'after',
      '\nExamples:\n  perennial rollback churn --reason "complaints"\n  perennial rollback churn --to 3 --reason "…"',
    )
    .action(async (model: string, options: { reason: string; to?: string }, command: Command) => {
      const context = contextOf(command);
      const to = options.to === undefined ? {} : { to: versionArgument(options.to) };
      const answer = RollbackAnswerBody.parse(
        await context.api.post(`${path(model)}/rollback`, { reason: options.reason, ...to }),
      );
      context.print(
        answer,
        () =>
          `version ${answer.to} of ${model} is back on all traffic (was ${answer.from}; route generation ${answer.generation})`,
      );
    });
}
