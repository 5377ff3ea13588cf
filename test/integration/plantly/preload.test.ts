import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SABOTAGE_VARIABLE, Sabotage } from '../../../examples/plantly/chaos/sabotage.ts';
import { productRoot } from '../../../src/embedded/binaries.ts';
import { openDatabase } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { ensureBuilt } from '../built-product.ts';
import { freshDatabase, startTemporal } from '../infrastructure.ts';

const PRELOAD = 'examples/plantly/chaos/preload.js';
const urlOf = (name: string): string => pathToFileURL(createRequire(import.meta.url).resolve(name)).href;
const PG = urlOf('pg');

let databaseUrl: string;
let db: Database;
beforeAll(async () => {
  ensureBuilt(PRELOAD);
  databaseUrl = await freshDatabase();
  db = openDatabase(databaseUrl, () => undefined, { poolSize: 1 });
  await db.query('CREATE TABLE arrivals (id int)');
});
afterAll(() => db?.end());

/** A process that the preloaded module takes for the product's `name`, by where its program lies. */
function startAs(main: string, program: string) {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-preload-'));
  const file = join(folder, main);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(file, program);
  const sabotage = new Sabotage(join(folder, 'sabotage'));
  return {
    sabotage,
    start: () =>
      spawn(process.execPath, ['--import', pathToFileURL(join(productRoot(), 'dist', PRELOAD)).href, file], {
        env: { ...process.env, DATABASE_URL: databaseUrl, [SABOTAGE_VARIABLE]: sabotage.folder },
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
  };
}

const INSERT = `
  import pg from '${PG}';
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
  await pool.query('SELECT 1 FROM arrivals FOR UPDATE');
  await pool.query('INSERT INTO arrivals VALUES (1)');
  console.log('goes on');
  await pool.end();`;

it('ends an API right after a single statement of its pool has committed', async () => {
  const { sabotage, start } = startAs('src/api/main.js', INSERT);
  const rows = async () => (await db.query('SELECT 1 FROM arrivals')).rowCount;
  sabotage.arm('api', { point: 'after-commit', skip: 1 });
  expect(await once(start(), 'exit')).toEqual([0, null]);
  expect(await rows()).toBe(1);
  expect(sabotage.disarm('api')).toBeNull();

  sabotage.arm('api', { point: 'after-commit', skip: 0 });
  expect(await once(start(), 'exit')).toEqual([null, 'SIGKILL']);
  expect(await rows()).toBe(2);
  expect(sabotage.disarm('api')).toBe('after INSERT INTO arrivals');
});

it('ends a control worker right before it notes that a message was taken', async () => {
  await db.query('CREATE TABLE deliveries (id int)');
  const { sabotage, start } = startAs('workers/control.js', INSERT.replaceAll('arrivals', 'deliveries'));
  sabotage.arm('worker-control', { point: 'before-note', skip: 0 });
  expect(await once(start(), 'exit')).toEqual([null, 'SIGKILL']);
  expect((await db.query('SELECT 1 FROM deliveries')).rowCount).toBe(0);
  expect(sabotage.disarm('worker-control')).toBe('before a note in deliveries');
});

it('ends an API right after Temporal has what it was asked for', async () => {
  const temporal = await startTemporal();
  try {
    const { sabotage, start } = startAs(
      'src/api/main.js',
      `import { Client, Connection } from '${urlOf('@temporalio/client')}';
       const connection = await Connection.connect({ address: '${temporal.address}' });
       const client = new Client({ connection, namespace: '${temporal.namespace}' });
       const asked = { workflowId: 'asked', taskQueue: 'none', signal: 'go', args: [], signalArgs: [] };
       await client.workflow.signalWithStart('anything', asked);
       console.log('goes on');`,
    );
    sabotage.arm('api', { point: 'after-temporal', skip: 0 });
    expect(await once(start(), 'exit')).toEqual([null, 'SIGKILL']);
    expect(sabotage.disarm('api')).toBe('after Temporal took signalWithStart');
    const { namespace } = temporal;
    const connection = await Connection.connect({ address: temporal.address });
    const asked = new Client({ connection, namespace }).workflow.getHandle('asked');
    expect((await asked.describe()).status.name).toBe('RUNNING');
    await connection.close();
  } finally {
    await temporal.stop();
  }
});

it('ends no process that is not armed, nor one of another name', async () => {
  const { sabotage, start } = startAs('src/serving/main.js', INSERT);
  sabotage.arm('api', { point: 'after-commit', skip: 0 });
  expect(await once(start(), 'exit')).toEqual([0, null]);
});

it('sets the wall clock of a process, and sets it right again', async () => {
  const { sabotage, start } = startAs(
    'src/api/main.js',
    `console.log(Date.now()); setInterval(() => console.log(Date.now()), 50);`,
  );
  sabotage.setClock('api', 90_000);
  const clock = start();
  try {
    let wanted = 90_000;
    for await (const line of createInterface({ input: clock.stdout })) {
      const offsetMs = Number(line) - Date.now();
      if (Math.abs(offsetMs - wanted) > 20_000) continue;
      if (wanted === 0) break;
      expect(sabotage.toldClock('api')).toBe(wanted);
      wanted = 0;
      sabotage.setClock('api', wanted);
    }
  } finally {
    clock.kill('SIGKILL');
  }
});
