import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLink } from '../../../examples/plantly/chaos/link.ts';
import type { Link } from '../../../examples/plantly/chaos/link.ts';
import { openDatabase } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { withHold } from '../../../src/registry/hold.ts';
import { freshDatabase } from '../infrastructure.ts';

/** Far more than an answer takes on a machine busy with much else, so that only what nobody answers exceeds it. */
const ANSWER_WITHIN_MS = 6_000;
const LONGER_MS = 7_000;

let link: Link;
let near: Database;
let far: Database;

beforeAll(async () => {
  const url = await freshDatabase();
  const { hostname, port } = new URL(url);
  link = await openLink('postgres', hostname, Number(port));
  const linked = new URL(url);
  linked.host = link.address;
  near = openDatabase(url, () => undefined, { answerWithinMs: ANSWER_WITHIN_MS });
  far = openDatabase(linked.href, () => undefined, { answerWithinMs: ANSWER_WITHIN_MS });
});
afterAll(async () => {
  await near?.end();
  await far?.end();
  link?.close();
});

it('waits for its turn for longer than an answer may take', async () => {
  const order: string[] = [];
  let first: Promise<unknown> = Promise.resolve();
  await new Promise<void>((held, failed) => {
    first = withHold(near, 'source', 'slow', async () => {
      held();
      await sleep(LONGER_MS);
      order.push('first');
    });
    first.catch(failed);
  });
  await withHold(near, 'source', 'slow', async () => Promise.resolve(order.push('second')));
  await first;
  expect(order).toEqual(['first', 'second']);
});

it('fails what it would write after its session was ended while it asked nothing, and not the process', async () => {
  const lost = withHold(near, 'source', 'ended', async (hold) => {
    const { rows } = await hold.connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const ended = new Promise((done) => hold.connection.once('end', done));
    await far.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await ended;
    await hold.transaction((tx) => tx.query('CREATE TABLE written_after_the_end (n integer)'));
  });
  await expect(lost).rejects.toThrow(/not queryable|closed/);
  expect(await withHold(near, 'source', 'ended', () => Promise.resolve('held again'))).toBe('held again');
});

it('is another’s soon after the network forgot who had it, who then commits nothing', async () => {
  let writing: Promise<unknown> = Promise.resolve();
  const lost = withHold(far, 'source', 'forgotten', async (hold) => {
    link.strand({ byServerAfterMs: 300, byClientAfterMs: 60_000 });
    writing = hold.transaction((tx) => tx.query('CREATE TABLE written_by_the_lost (n integer)'));
    return writing;
  });
  await expect(lost).rejects.toThrow(/timeout/);
  await withHold(near, 'source', 'forgotten', async ({ connection }) => {
    const { rows } = await connection.query<{ found: string | null }>(
      `SELECT to_regclass('written_by_the_lost')::text AS found`,
    );
    expect(rows[0]?.found).toBeNull();
  });
  // The pool has replaced the connection.
  await expect(withHold(far, 'source', 'forgotten', async () => Promise.resolve('again'))).resolves.toBe(
    'again',
  );
});

it('asks the server to look after connections that fall silent', async () => {
  const { rows } = await near.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings WHERE name LIKE 'tcp_keepalives%' ORDER BY name`,
  );
  expect(Object.fromEntries(rows.map(({ name, setting }) => [name, Number(setting)]))).toEqual({
    tcp_keepalives_count: 4,
    tcp_keepalives_idle: 30,
    tcp_keepalives_interval: 5,
  });
});
