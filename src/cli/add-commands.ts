import type { Command } from 'commander';

/** In the order in which help lists them. */
export const COMMAND_FILES = [
  { names: ['dev'], add: async () => (await import('./commands/dev.ts')).addDevCommand },
  { names: ['apply'], add: async () => (await import('./commands/apply.ts')).addApplyCommand },
  {
    names: ['status', 'versions'],
    add: async () => (await import('./commands/status.ts')).addStatusCommands,
  },
  {
    names: ['trigger', 'revalidate', 'approve', 'reject', 'pause', 'resume', 'promote', 'abort', 'rollback'],
    add: async () => (await import('./commands/steer.ts')).addSteeringCommands,
  },
  {
    names: ['incidents', 'ack', 'resolve'],
    add: async () => (await import('./commands/incidents.ts')).addIncidentCommands,
  },
  {
    names: ['card', 'lineage', 'decisions', 'timeline', 'audit'],
    add: async () => (await import('./commands/evidence.ts')).addEvidenceCommands,
  },
  { names: ['token'], add: async () => (await import('./commands/token.ts')).addTokenCommands },
  { names: ['webhooks'], add: async () => (await import('./commands/webhooks.ts')).addWebhookCommands },
  { names: ['drift'], add: async () => (await import('./commands/drift.ts')).addDriftCommand },
  { names: ['check', 'scan'], add: async () => (await import('./commands/check.ts')).addCheckCommands },
  { names: ['evaluate'], add: async () => (await import('./commands/evaluate.ts')).addEvaluateCommand },
  { names: ['canary'], add: async () => (await import('./commands/canary.ts')).addCanaryCommand },
] as const;

/**
 * Adds the command that is asked for, and all of them where none is: to load what the others need takes longer than most
 * commands do.
 */
export async function addCommands(program: Command, argv: readonly string[]): Promise<void> {
  const [asked] = program.parseOptions([...argv]).operands;
  const named = COMMAND_FILES.filter(({ names }) => names.some((name) => name === asked));
  for (const { add } of named.length > 0 ? named : COMMAND_FILES) {
    const addTo = await add();
    addTo(program);
  }
}
