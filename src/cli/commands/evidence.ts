import type { Command } from 'commander';
import pc from 'picocolors';
import { AuditCheckAnswer, DecisionAnswer, TimelineEntry } from '../../contracts/api/answers.ts';
import { utcTime } from '../../domain/utc-time.ts';
import { EXIT } from '../exit-codes.ts';
import { contextOf } from '../context.ts';
import { listIn } from '../list-in.ts';
import { renderLineage } from '../render-lineage.ts';
import { paint, renderTable } from '../render.ts';
import { versionArgument } from './steer.ts';

const versionPath = (model: string, version: string): string =>
  `/v1/models/${encodeURIComponent(model)}/versions/${versionArgument(version)}`;

export function addEvidenceCommands(program: Command): void {
  program
    .command('card')
    .description('the model card of a version, in Markdown')
    .argument('<model>')
    .argument('<version>')
    .addHelpText('after', '\nExamples:\n  perennial card churn 3 > card.md\n  perennial card churn 3 --json')
    .action(async (model: string, version: string, _options: unknown, command: Command) => {
      const context = contextOf(command);
      if (context.json) context.print(await context.api.get(`${versionPath(model, version)}/card`), () => '');
      else console.log(await context.api.getText(`${versionPath(model, version)}/card?format=markdown`));
    });

  program
    .command('lineage')
    .description('what a version came from, and what came of it')
    .argument('<model>')
    .argument('<version>')
    .addHelpText('after', '\nExample:\n  perennial lineage churn 3')
    .action(async (model: string, version: string, _options: unknown, command: Command) => {
      const context = contextOf(command);
      const lineage = await context.api.get(`${versionPath(model, version)}/lineage`);
      context.print(lineage, () => renderLineage(lineage));
    });

  program
    .command('decisions')
    .description('who decided what on a version, on which evidence')
    .argument('<model>')
    .argument('<version>')
    .addHelpText('after', '\nExample:\n  perennial decisions churn 3')
    .action(async (model: string, version: string, _options: unknown, command: Command) => {
      const context = contextOf(command);
      const decisions = listIn(
        'decisions',
        DecisionAnswer,
        await context.api.get(`${versionPath(model, version)}/decisions`),
      );
      context.print(decisions, () =>
        renderTable(
          ['at', 'kind', 'outcome', 'by', 'reason', 'evidence'],
          decisions.map((d) => [
            utcTime(d.at),
            d.kind,
            paint(d.outcome),
            d.actor,
            d.reason,
            d.evidenceHash?.slice(0, 12),
          ]),
        ),
      );
    });

  program
    .command('timeline')
    .description('everything that happened to a model, newest first')
    .argument('<model>')
    .option('--limit <n>', 'how many', '30')
    .addHelpText('after', '\nExample:\n  perennial timeline churn --limit 100')
    .action(async (model: string, options: { limit: string }, command: Command) => {
      const context = contextOf(command);
      const query = `limit=${encodeURIComponent(options.limit)}`;
      const entries = listIn(
        'entries',
        TimelineEntry,
        await context.api.get(`/v1/models/${encodeURIComponent(model)}/timeline?${query}`),
      );
      context.print(entries, () =>
        entries
          .map(
            (e) =>
              `${pc.dim(utcTime(e.at))}  ${pc.cyan(e.actor)}  ${e.text.trim().replaceAll(/\s*\n\s*/g, '\n    ')}`,
          )
          .join('\n'),
      );
    });

  const audit = program.command('audit').description('the hash-chained record of everything');
  audit
    .command('verify')
    .description('recompute the whole chain; exit code 1 when it is broken')
    .addHelpText('after', '\nExample:\n  perennial audit verify')
    .action(async (_options: unknown, command: Command) => {
      const context = contextOf(command);
      const check = AuditCheckAnswer.parse(await context.api.get('/v1/audit/verify'));
      context.print(check, () =>
        check.kind === 'whole'
          ? `${pc.green('whole')}: ${check.events} events, head ${check.head.slice(0, 16)}…`
          : `${pc.red('BROKEN')} at event ${check.atSeq}: ${check.reason}`,
      );
      if (check.kind === 'broken') process.exitCode = EXIT.refused;
    });
}
