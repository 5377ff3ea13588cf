import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, expect, it, vi } from 'vitest';
import { addCanaryCommand } from '../../../src/cli/commands/canary.ts';
import { addEvaluateCommand } from '../../../src/cli/commands/evaluate.ts';

const directory = mkdtempSync(join(tmpdir(), 'perennial-commands-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** What the command prints. */
async function run(...args: readonly string[]): Promise<string> {
  const log = vi.spyOn(console, 'log').mockReturnValue();
  try {
    const program = new Command().option('--json');
    addCanaryCommand(program);
    addEvaluateCommand(program);
    await program.parseAsync(args, { from: 'user' });
    return String(log.mock.lastCall?.[0]);
  } finally {
    log.mockRestore();
    process.exitCode = undefined;
  }
}

function csv(name: string, head: string, rows: readonly string[]): string {
  const path = join(directory, name);
  writeFileSync(path, `${[head, ...rows].join('\n')}\n`);
  return path;
}

it('evaluate shows every group, whatever it is called', async () => {
  const names = ['__proto__', 'constructor', 'a'];
  const rows = names.flatMap((name) => [`1,0.9,${name}`, `0,0.2,${name}`]);
  const args = ['evaluate', csv('groups.csv', 'label,score,g', rows), '--sensitive', 'g'];
  const { bias } = JSON.parse(await run('--json', ...args)) as { bias: Record<'groups' | 'clarify', object> };
  expect(Object.keys(bias.groups).sort()).toEqual([...names].sort());
  expect(Object.keys(bias.clarify).sort()).toEqual([...names].sort());
  expect(await run(...args)).toMatch(/^__proto__ +2 /m);
});

it('evaluate and canary mind text among the numbers of no column but those that they use', async () => {
  const rows = Array.from(
    { length: 40 },
    (_, i) => `${String(i % 2)},0.${String(i)},${i === 7 ? 'A7' : '107'}`,
  );
  const path = csv('mixed.csv', 'label,score,sku', rows);
  const other = csv('other.csv', 'label,score,sku', rows);
  expect(await run('evaluate', path)).toContain('40 of 40 rows used');
  expect(await run('canary', path, other, '--metric', 'label')).toContain('insufficient_data');
  const refused: unknown = expect.objectContaining({
    code: 'DATA_FILE_MIXED_TYPES',
    message: `${path}, column "sku": holds "A7", but 39 of its 40 values are numbers (line 9); mend it`,
  });
  for (const used of [
    ['--score', 'sku'],
    ['--label', 'sku'],
    ['--weight', 'sku'],
    ['--prediction', 'sku'],
  ])
    await expect(run('evaluate', path, ...used)).rejects.toEqual(refused);
  await expect(run('canary', path, other, '--metric', 'sku')).rejects.toEqual(refused);
});

it('evaluate adds up a list that is given in parts', async () => {
  const rows = Array.from(
    { length: 40 },
    (_, i) => `${i % 2},0.${i},${i % 4 < 2 ? 'BR' : 'US'},${i < 20 ? 'a' : 'b'}`,
  );
  const path = csv('parts.csv', 'label,score,country,device', rows);
  const shown = await run('evaluate', path, '--slices', 'country', '--slices', 'device');
  expect(shown).toContain('BR');
  expect(shown).toMatch(/device/);
});
