import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/cli/exit-codes.ts';
import { applyModel, candidate } from '../registry/registry-fixture.ts';
import { ApiWorld } from '../api/api-fixture.ts';
import { Cli } from './cli-fixture.ts';

let world: ApiWorld;
let cli: Cli;
let viewer: string;

beforeAll(async () => {
  world = await ApiWorld.open();
  await candidate(world.db, await applyModel(world.db, 'known'), 'k');
  viewer = await world.tokenFor('vera', 'viewer');
  cli = new Cli({ PERENNIAL_URL: world.url, PERENNIAL_TOKEN: await world.tokenFor('root', 'admin') });
  cli.write('broken.yaml', 'a: [1\nb: }\n');
  cli.write('broken.ts', 'export const model = {\n');
  cli.write('throws.ts', "throw new Error('the catalogue is away');\n");
  cli.write('typo.yaml', 'apiVersion: perennial/v1\nname: typo\ngatez: []\n');
  cli.writeSpec('nowhere', trainerIn('gone'));
  cli.writeSpec('in-a-file', trainerIn('broken.yaml'));
  mkdirSync(join(cli.folder, 'huge'));
  cli.write('huge/data.bin', Buffer.alloc(11 * 1024 * 1024));
  cli.writeSpec('heavy', trainerIn('huge'));
  mkdirSync(join(cli.folder, 'small'));
  cli.write('small/train.py', 'print(1)\n');
  cli.writeSpec('fine', trainerIn('small'));
});
afterAll(() => world.close());

const trainerIn = (directory: string) => ({
  training: {
    spine: { query: { sql: 'SELECT 1' }, id: 'id', label: 'bought', keys: ['item'] },
    features: ['shop.price'],
    trainer: { command: ['python', 'train.py'], directory },
  },
});

type Case = readonly [what: string, args: string, code: string, exit: number];
const CASES: readonly Case[] = [
  ['an unknown command', 'bogus', 'USAGE', EXIT.usage],
  ['an unknown option', 'status --loud', 'USAGE', EXIT.usage],
  ['an argument too many', 'status known more', 'USAGE', EXIT.usage],
  ['an argument too few', 'approve known', 'USAGE', EXIT.usage],
  ['no reason', 'trigger known', 'USAGE', EXIT.usage],
  ['a version that is no number', 'approve known newest --reason good', 'USAGE', EXIT.usage],
  ['no reason to validate again', 'revalidate known 1', 'USAGE', EXIT.usage],
  ['an unknown version to validate', 'revalidate known 99 --reason r', 'VERSION_NOT_FOUND', EXIT.refused],
  ['a version as an option', 'rollback known --version 1 --reason bad', 'USAGE', EXIT.usage],
  ['a version as an option', 'promote known --version 1 --reason good', 'USAGE', EXIT.usage],
  ['a version below one', 'rollback known --to 0 --reason bad', 'USAGE', EXIT.usage],
  ['an address that is none', '--server here status', 'USAGE', EXIT.usage],
  ['days that are no number', 'token create bob --role viewer --expires-in-days soon', 'USAGE', EXIT.usage],
  ['an unknown role', 'token create bob --role king', 'INPUT_INVALID', EXIT.usage],
  ['a status that is none', 'incidents --status odd', 'INPUT_INVALID', EXIT.usage],
  ['a limit that is no number', 'timeline known --limit many', 'INPUT_INVALID', EXIT.usage],
  ['a delivery status that is none', 'webhooks --status odd', 'INPUT_INVALID', EXIT.usage],
  ['a delivery id that is none', 'webhooks show nope', 'INPUT_INVALID', EXIT.usage],
  ['a file that is not there', 'apply missing.yaml', 'SPEC_UNREADABLE', EXIT.usage],
  ['a folder', 'apply huge', 'SPEC_UNREADABLE', EXIT.usage],
  ['a module that is no TypeScript', 'apply broken.ts', 'SPEC_UNREADABLE', EXIT.usage],
  ['a module that throws', 'apply throws.ts', 'SPEC_UNREADABLE', EXIT.usage],
  ['broken YAML', 'apply broken.yaml', 'SPEC_UNREADABLE', EXIT.usage],
  ['a misspelt key', 'apply typo.yaml', 'SPEC_INVALID', EXIT.usage],
  ['no trainer directory', 'apply nowhere.yaml', 'SPEC_UNREADABLE', EXIT.usage],
  ['a file as trainer directory', 'apply in-a-file.yaml', 'SPEC_UNREADABLE', EXIT.usage],
  ['a huge trainer directory', 'apply heavy.yaml', 'SPEC_UNREADABLE', EXIT.usage],
  ['an unknown model', 'status nobody', 'MODEL_NOT_FOUND', EXIT.refused],
  ['incidents of an unknown model', 'incidents --model nobody', 'MODEL_NOT_FOUND', EXIT.refused],
  ['an unknown version', 'card known 99', 'VERSION_NOT_FOUND', EXIT.refused],
  [
    'an unknown delivery',
    `webhooks redeliver msg_${'0'.repeat(32)}`,
    'WEBHOOK_DELIVERY_NOT_FOUND',
    EXIT.refused,
  ],
  ['an unknown incident', 'ack nothing', 'INCIDENT_NOT_FOUND', EXIT.refused],
  [
    'a server that is not there',
    '--server http://127.0.0.1:1 status',
    'SERVER_UNREACHABLE',
    EXIT.unavailable,
  ],
  ['a wrong token', '--token pnl_wrong status', 'UNAUTHENTICATED', EXIT.forbidden],
  ['a token as a manual shortens it', '--token pnl_… status', 'NOT_LOGGED_IN', EXIT.forbidden],
];

async function events(): Promise<number> {
  const { rows } = await world.db.query<{ n: number }>('SELECT count(*)::int AS n FROM audit_events');
  return rows[0]?.n ?? 0;
}

describe('a wrong command line', () => {
  it.each(CASES)(
    'is refused with one coded error and changes nothing: %s',
    async (_what, args, code, exit) => {
      const before = await events();
      const run = await cli.run(args.split(' '));
      expect(run.stderr).toMatch(new RegExp(`^error ${code}: \\S`));
      expect(run).toMatchObject({ code: exit, stdout: '' });
      // No stack, no colours when piped, nothing said twice.
      expect(run.stderr).not.toMatch(/^\s+at |node_modules|\u001b\[/m);
      expect(run.stderr.split('\n').filter((line) => line.startsWith('error'))).toHaveLength(1);
      expect(await events()).toBe(before);
    },
  );

  it('is told as JSON where JSON is asked for, also when the command itself is unknown', async () => {
    for (const [args, code] of [
      [['status', 'nobody', '--json'], 'MODEL_NOT_FOUND'],
      [['bogus', '--json'], 'USAGE'],
      [['apply', 'typo.yaml', '--json'], 'SPEC_INVALID'],
    ] as const) {
      const { stderr } = await cli.run(args);
      expect(JSON.parse(stderr)).toMatchObject({ error: { code, message: expect.any(String) as string } });
    }
  });

  it('names the line, the key and the nearest key of a misspelt spec', async () => {
    const { stderr } = await cli.run(['apply', 'typo.yaml']);
    expect(stderr).toMatch(/typo\.yaml:3 gatez: .*did you mean "gates"\?/);
  });
});

describe('a person without the role', () => {
  it.each(['apply fine.yaml', 'trigger known --reason try', 'pause known --reason freeze', 'token list'])(
    'may not: %s',
    async (args) => {
      const before = await events();
      const run = await cli.run(args.split(' '), { PERENNIAL_TOKEN: viewer });
      expect(run.stderr).toMatch(/^error PERMISSION_DENIED: /);
      expect(run.code).toBe(EXIT.forbidden);
      expect(await events()).toBe(before);
    },
  );
});

it('tells its version where nothing else is asked', async () => {
  expect(await cli.run(['--version'])).toMatchObject({
    code: EXIT.ok,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\s*$/) as string,
  });
});

describe("the local stack's token", () => {
  it('goes to its own address only', async () => {
    mkdirSync(join(cli.folder, '.perennial'), { recursive: true });
    const access = { url: 'http://127.0.0.1:9', token: 'pnl_of_the_local_stack' };
    cli.write('.perennial/cli.json', JSON.stringify(access));
    const elsewhere = await cli.run(['status'], { PERENNIAL_URL: world.url, PERENNIAL_TOKEN: '' });
    expect(elsewhere).toMatchObject({ code: EXIT.forbidden });
    expect(elsewhere.stderr).toMatch(/^error NOT_LOGGED_IN: /);
    const here = await cli.run(['status'], { PERENNIAL_URL: '', PERENNIAL_TOKEN: '' });
    expect(here.stderr).toMatch(/^error SERVER_UNREACHABLE: no answer from http:\/\/127\.0\.0\.1:9/);
    rmSync(join(cli.folder, '.perennial'), { recursive: true });
  });
});

describe('a command that knows no server', () => {
  it('says how to name one', async () => {
    const run = await cli.run(['status'], { PERENNIAL_URL: '', PERENNIAL_TOKEN: '' });
    expect(run.stderr).toMatch(/^error SERVER_UNREACHABLE: no server is known.*PERENNIAL_URL/);
    expect(run.code).toBe(EXIT.unavailable);
  });
});
