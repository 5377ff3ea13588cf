import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addCommands, COMMAND_FILES } from '../../../src/cli/add-commands.ts';

const namesOf = (program: Command): string[] => program.commands.map((command) => command.name());

async function withCommands(argv: readonly string[]): Promise<Command> {
  const program = new Command().option('--server <url>');
  await addCommands(program, argv);
  return program;
}

describe('the commands', () => {
  it.each(COMMAND_FILES.map(({ names, add }) => [names, add] as const))(
    'are those that their file adds: %j',
    async (names, add) => {
      const program = new Command();
      (await add())(program);
      expect(namesOf(program)).toEqual(names);
    },
  );

  it('are only those of one file where one is asked for, and all where none of them is', async () => {
    expect(namesOf(await withCommands(['--server', 'check', 'drift', 'a.csv', 'b.csv']))).toEqual(['drift']);
    const all = COMMAND_FILES.flatMap(({ names }): readonly string[] => names);
    for (const argv of [[], ['help', 'drift'], ['drfit']])
      expect(namesOf(await withCommands(argv))).toEqual(all);
  });
});
