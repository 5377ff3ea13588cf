import type { Command } from 'commander';
import { Done, Incident } from '../../contracts/api/answers.ts';
import { contextOf } from '../context.ts';
import { listIn } from '../list-in.ts';
import { ago, paint, renderTable } from '../render.ts';

export function addIncidentCommands(program: Command): void {
  program
    .command('incidents')
    .description('incidents, newest first')
    .option('--model <model>', 'of one model only')
    .option('--status <status>', 'open, acknowledged or resolved')
    .addHelpText('after', '\nExample:\n  perennial incidents --status open')
    .action(async (options: { model?: string; status?: string }, command: Command) => {
      const context = contextOf(command);
      const query = new URLSearchParams(
        Object.entries(options).filter(([key]) => key === 'model' || key === 'status'),
      );
      const incidents = listIn(
        'incidents',
        Incident,
        await context.api.get(`/v1/incidents?${query.toString()}`),
      );
      context.print(incidents, () =>
        incidents.length === 0
          ? 'no incidents'
          : renderTable(
              ['severity', 'status', 'incident', 'what', 'opened', 'acknowledged by'],
              incidents.map((i) => [
                paint(i.severity),
                paint(i.status),
                i.incidentId,
                i.title,
                ago(i.openedAt, context.now),
                i.acknowledgedBy,
              ]),
            ),
      );
    });

  for (const [verb, description, done] of [
    ['ack', 'take an incident on: reminders and escalation stop', 'is yours'],
    ['resolve', 'close an incident', 'is resolved'],
  ] as const) {
    program
      .command(verb)
      .description(description)
      .argument('<incident>')
      .option('--reason <text>', 'what you know or do', verb === 'ack' ? 'looking into it' : 'handled')
      .addHelpText('after', `\nExample:\n  perennial ${verb} <incident> --reason "…"`)
      .action(async (incident: string, options: { reason: string }, command: Command) => {
        const context = contextOf(command);
        const answer = Done.parse(
          await context.api.post(`/v1/incidents/${encodeURIComponent(incident)}/${verb}`, {
            reason: options.reason,
          }),
        );
        context.print(answer, () => `incident ${incident} ${done}`);
      });
  }
}
