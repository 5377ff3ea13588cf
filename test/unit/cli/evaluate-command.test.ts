import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, expect, it, vi } from 'vitest';
import { addEvaluateCommand } from '../../../src/cli/commands/evaluate.ts';

const directory = mkdtempSync(join(tmpdir(), 'perennial-evaluate-'));
afterAll(() => rmSync(directory, { recursive: true }));

it('shows every group, whatever it is called', async () => {
  const names = ['__proto__', 'constructor', 'a'];
  const rows = names.flatMap((name) => [`1,0.9,${name}`, `0,0.2,${name}`]);
  const path = join(directory, 'predictions.csv');
  writeFileSync(path, `label,score,g\n${rows.join('\n')}\n`);
  const printed = async (...flags: string[]): Promise<string> => {
    const log = vi.spyOn(console, 'log').mockReturnValue();
    const program = new Command().option('--json');
    addEvaluateCommand(program);
    await program.parseAsync([...flags, 'evaluate', path, '--sensitive', 'g'], { from: 'user' });
    const text = String(log.mock.lastCall?.[0]);
    log.mockRestore();
    return text;
  };
  const { bias } = JSON.parse(await printed('--json')) as { bias: Record<'groups' | 'clarify', object> };
  expect(Object.keys(bias.groups).sort()).toEqual([...names].sort());
  expect(Object.keys(bias.clarify).sort()).toEqual([...names].sort());
  expect(await printed()).toMatch(/^__proto__ +2 /m);
});
