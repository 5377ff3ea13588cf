import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import type { Connection, WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { countAlerts } from '../../../examples/plantly/chaos/counts/alerts.ts';
import type { Aftermath, Count } from '../../../examples/plantly/chaos/counts/aftermath.ts';
import { countRegistryTruths } from '../../../examples/plantly/chaos/counts/registry-truths.ts';
import { countWorkflows } from '../../../examples/plantly/chaos/counts/workflows.ts';
import {
  incidentWorkflowId,
  lifecycleId,
  produceVersionId,
  promotionId,
} from '../../../src/contracts/workflows/ids.ts';
import { initialLifecycle } from '../../../src/domain/lifecycle/state.ts';
import type { LifecycleState, RollbackState } from '../../../src/domain/lifecycle/state.ts';
import type { Trigger } from '../../../src/domain/trigger.ts';
import { MessageStore } from '../../../src/embedded/message-store.ts';
import { chooseFreePort } from '../../../src/embedded/ports.ts';
import { startSinks } from '../../../src/embedded/sinks.ts';
import { sinksOptions } from '../../../src/embedded/sinks-service.ts';
import { connectTemporal } from '../../../src/platform/temporal-connection.ts';
import { appendAudit } from '../../../src/registry/audit.ts';
import { withTransaction } from '../../../src/registry/database.ts';
import { recordDelivery } from '../../../src/registry/deliveries.ts';
import { startTemporal } from '../infrastructure.ts';
import type { TestTemporal } from '../infrastructure.ts';
import { broken, killOf, MODEL, quietAftermath, REF } from './planted-faults.ts';
import type { QuietAftermath } from './planted-faults.ts';

let after: QuietAftermath;
beforeEach(async () => {
  after = await quietAftermath();
});
afterEach(() => after.close());

const run = (sql: string) => after.db.query(sql);
const of = (counts: readonly Count[], promise: string): Count | undefined =>
  counts.find((count) => count.promise.startsWith(promise));

describe('the registry', () => {
  let auditor: Aftermath['report'];

  /** Two versions, of which the second took over from the first, and one event that an auditor has seen. */
  beforeEach(async () => {
    await run(`INSERT INTO models (model, environment, created_by) VALUES ('${MODEL}', 'dev', 'ada')`);
    for (const version of [1, 2]) {
      await allocated(version);
      await trained(version, `r${version}`);
    }
    await stages([1, 'champion']);
    await stages([1, 'retired'], [2, 'champion']);
    await route(1, 100);
    const event = await withTransaction(after.db, (tx) =>
      appendAudit(tx, { actor: 'ada', action: 'test.happened', ...REF, data: {} }),
    );
    auditor = auditorSaw(event.seq, event.hash);
  });

  const allocated = (version: number) =>
    run(
      `INSERT INTO versions (model, environment, version, stage, spec_revision, trigger_key, trigger, requested_by)
       VALUES ('${MODEL}', 'dev', ${version}, 'retired', 1, 't${version}', '{}', 'ada')`,
    );
  const trained = (version: number, id: string) =>
    run(
      `INSERT INTO runs (run_id, model, environment, version, status, frame, parameters, seed)
       VALUES ('${id}', '${MODEL}', 'dev', ${version}, 'running', '', '{}', 1)`,
    );
  /** In one transaction. */
  const stages = (...changes: readonly (readonly [version: number, stage: string])[]) =>
    run(
      `INSERT INTO version_stages (model, environment, version, stage, reason, actor) VALUES ${changes
        .map(([version, stage]) => `('${MODEL}', 'dev', ${version}, '${stage}', '', 'ada')`)
        .join(', ')}`,
    );
  const route = (generation: number, weight: number) =>
    run(
      `INSERT INTO routes (model, environment, generation, key, weights, reason, actor)
       VALUES ('${MODEL}', 'dev', ${generation}, 'k${generation}', '[{"version": 1, "weight": ${weight}}]', '', 'ada')`,
    );
  const auditorSaw = (auditEvents: number, head: string) => ({
    ...after.report,
    steps: [
      {
        id: 'auditor',
        title: '',
        expected: '',
        ok: true,
        seen: '',
        facts: { auditEvents, head },
        startedAt: '',
        durationMs: 0,
      },
    ],
  });
  /** Locks are the whole server's: other test files hold some. */
  const look = async (report = auditor) =>
    broken(await countRegistryTruths({ ...after, report })).filter((promise) => promise !== 'leases');

  it('is true', async () => {
    expect(await look()).toEqual([]);
  });

  it('is not with a gap in the numbers of versions', async () => {
    await run(`UPDATE versions SET version = 3 WHERE version = 2`);
    expect(await look()).toEqual(['versions']);
  });

  it('is not with a version of two runs', async () => {
    await trained(1, 'again');
    expect(await look()).toEqual(['versions']);
  });

  it('is not with a version of no run, unless it was never made', async () => {
    await allocated(3);
    await stages([3, 'producing']);
    await stages([3, 'failed']);
    expect(await look()).toEqual([]);
    await run(`DELETE FROM runs WHERE version = 2`);
    expect(await look()).toEqual(['versions']);
  });

  it('is not without a champion for a while', async () => {
    await stages([2, 'retired']);
    await stages([1, 'champion']);
    expect(await look()).toEqual(['champion']);
  });

  it('is not with two champions for a while', async () => {
    await stages([1, 'champion']);
    await stages([2, 'retired']);
    expect(await look()).toEqual(['champion']);
  });

  it.each([
    [2, 90],
    [3, 100],
  ])('is not with route generation %i of weight %i', async (generation, weight) => {
    await route(generation, weight);
    expect(await look()).toEqual(['routes']);
  });

  it('is not without the events that the auditor saw', async () => {
    expect(await look(auditorSaw(1, 'f'.repeat(64)))).toEqual(['audit']);
    expect(await look(auditorSaw(2, 'f'.repeat(64)))).toEqual(['audit']);
    expect(await look(after.report)).toEqual(['audit']);
  });

  it('is not with a lock that somebody keeps', async () => {
    const keeper = await after.db.connect();
    try {
      await keeper.query('SELECT pg_advisory_lock(1)');
      expect(broken(await countRegistryTruths({ ...after, report: auditor }))).toEqual(['leases']);
    } finally {
      keeper.release(true);
    }
  });
});

describe('messages', () => {
  let folder: string;
  let close: () => Promise<void>;
  let sinks: Pick<Aftermath, 'stack'>;
  /** When all of them came first. */
  let began: number;
  const KEYS = [
    'i1',
    'dev/plants/quarantine/b1',
    `${promotionId(REF, 1)}/approval/e1/1`,
    'dev/plants/champion/2',
  ];

  /** One incident, one batch set aside, one approval asked for, one champion and one webhook, all told. */
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'perennial-planted-sinks-'));
    const http = await chooseFreePort(new Set());
    const ports = { 'sinks-smtp': await chooseFreePort(new Set([http])), 'sinks-http': http };
    const secrets = { smtpUser: 'u', smtpPassword: 'p', slackToken: 't' };
    ({ close } = await startSinks(sinksOptions({ dataDir: folder, ports, ...secrets })));
    const at = (page: string) => `http://127.0.0.1:${http}/${page}`;
    const endpoints = { mailInbox: at('mail'), slackView: at('slack'), webhookSink: at('webhooks') };
    sinks = { stack: { endpoints } as unknown as Aftermath['stack'] };
    await run(`INSERT INTO incidents (incident_id, model, environment, severity, title, summary)
               VALUES ('i1', '${MODEL}', 'dev', 'critical', '', '')`);
    await run(`INSERT INTO quarantined_batches (batch_id, model, environment, source, rows, blob, failures)
               VALUES ('b1', '${MODEL}', 'dev', 'orders', 1, '', '[]')`);
    await run(`INSERT INTO decisions (decision_id, model, environment, version, kind, outcome, reason, actor, evidence_hash)
               VALUES ('d1', '${MODEL}', 'dev', 1, 'approval', 'requested', '', 'ada', 'e1')`);
    await withTransaction(after.db, (tx) =>
      appendAudit(tx, { actor: 'ada', action: 'champion.changed', ...REF, data: { generation: 2 } }),
    );
    await run(`INSERT INTO outgoing_webhooks (delivery_id, model, environment, endpoint, event, sequence, body, status, dispatched_at)
               VALUES ('w1', '${MODEL}', 'dev', 'shop', 'champion.changed', 1, '', 'delivered', now())`);
    began = Date.now();
    webhook('w1', began);
    for (const key of KEYS) await tell(key);
  });
  afterEach(async () => {
    await close();
    rmSync(folder, { recursive: true, force: true });
  });

  let messages = 0;
  const store = (sink: 'mail' | 'slack' | 'webhooks', message: object): void => {
    messages += 1;
    new MessageStore(join(folder, 'sinks', sink)).put(`m${messages}`, message);
  };
  const mail = (key: string, at: number, text = key) => {
    const receivedAt = new Date(at).toISOString();
    store('mail', {
      messageId: `<${key}>`,
      receivedAt,
      to: ['on-call'],
      text: `${text} https://x/${messages}`,
    });
  };
  /** @returns the timestamp that is its id */
  const slack = (at: number, text: string): string => {
    const ts = `${(at / 1000).toFixed(3)}${String(messages).padStart(3, '0')}`;
    const blocks = [{ type: 'button', url: `https://x/${messages}` }];
    store('slack', { ts, channelName: 'models', text, blocks });
    return ts;
  };
  const webhook = (webhookId: string, at: number) =>
    store('webhooks', { webhookId, receivedAt: new Date(at).toISOString() });
  /** The notes are of now. */
  async function tell(key: string, text = key): Promise<void> {
    mail(key, began, text);
    for (const [channel, externalId] of [
      ['email', `<${key}>`],
      ['slack', slack(began, text)],
    ] as const)
      await recordDelivery(after.db, { key, thread: key, channel, recipient: 'on-call', externalId });
  }
  /** Each message that there is comes once more; all are noted now. */
  async function allAgain(at: number): Promise<void> {
    for (const key of KEYS) {
      mail(key, at);
      slack(at, key);
    }
    webhook('w1', at);
    await run(
      `INSERT INTO outgoing_webhook_attempts (delivery_id, status_code, duration_ms) VALUES ('w1', 204, 1)`,
    );
  }
  const look = async (faults: Aftermath['faults'] = []) =>
    (await countAlerts({ ...after, ...sinks, faults }))
      .filter(({ ok }) => !ok)
      .map(({ promise, seen }) => `${promise}: ${seen}`);

  it('have all arrived', async () => {
    expect(await look()).toEqual([]);
  });

  it.each([
    ['i1', 'every incident'],
    ['dev/plants/quarantine/b1', 'each batch set aside'],
    ['model/dev/plants/promotion/1/approval/e1/1', 'each batch set aside'],
    ['dev/plants/champion/2', 'each batch set aside'],
  ])('have not when %s was told by one channel only', async (key, promise) => {
    await after.db.query(`DELETE FROM deliveries WHERE key = $1 AND channel = 'email'`, [key]);
    expect((await look()).join()).toContain(promise);
  });

  it('have not when there was nothing to tell', async () => {
    await run('DELETE FROM incidents');
    expect((await look()).join()).toContain('0 incidents');
  });

  it('have not when one that is noted did not come', async () => {
    await recordDelivery(after.db, {
      key: 'x',
      thread: 'x',
      channel: 'slack',
      recipient: 'on-call',
      externalId: 'x.1',
    });
    expect((await look()).join()).toContain('5 by slack: 1 missing');
  });

  it('come once more for a fault between them and their note, and only once', async () => {
    await allAgain(began + 60_000);
    const span = { from: began + 100, to: began + 2000 };
    expect(await look([killOf('sinks', span)])).toEqual([]);
    expect(await look([killOf('gateway', span)])).toHaveLength(2);
    mail('i1', began + 70_000);
    expect((await look([killOf('sinks', span)])).join()).toContain('5 came again, 1 without a fault');
    expect(await look([killOf('sinks', span), killOf('sinks', span)])).toEqual([]);
  });

  it.each([
    ['is an hour earlier', -3_600_000, -3_590_000],
    ['comes when all are noted', 30_000, 31_000],
  ])('do not come again for a fault that %s', async (_, from, to) => {
    await allAgain(began + 60_000);
    const seen = (await look([killOf('sinks', { from: began + from, to: began + to })])).join();
    expect(seen).toContain('4 by email: 0 missing, 0 not noted, 0 under two keys, 4 came again, 4 without');
    expect(seen).toContain('4 by slack: 0 missing, 0 not noted, 0 under two keys, 4 came again, 4 without');
    expect(seen).toContain('1 came again, 1 without a fault');
  });

  it('come once more for a fault that lasts', async () => {
    await allAgain(began + 60_000);
    expect(await look([killOf('sinks', { from: began - 60_000, to: null })])).toEqual([]);
    expect(await look([killOf('sinks', { from: began - 60_000, to: began })])).toEqual([]);
  });

  it('have not come well when one was told under two keys', async () => {
    await tell('i1/reminder/1', 'still open');
    await tell('i1/reminder/2', 'still open');
    expect(await look()).toEqual([]);
    await tell('i2', 'i1');
    expect((await look()).join()).toContain('1 under two keys i2');
  });

  it.each([
    [`status = 'failed'`, '1 given up or not sent'],
    [`status = 'pending'`, '1 given up or not sent'],
    [`status = 'pending', dispatched_at = NULL`, '1 given up or not sent'],
    [`delivery_id = 'w2'`, '1 of them missing'],
  ])('include webhooks, which have not all arrived with %s', async (change, seen) => {
    await run(`UPDATE outgoing_webhooks SET ${change}`);
    expect((await look()).join()).toContain(seen);
  });

  it('include webhooks that are tried again later', async () => {
    await run(`INSERT INTO outgoing_webhooks (delivery_id, model, environment, endpoint, event, sequence, body, dispatched_at)
               VALUES ('w2', '${MODEL}', 'dev', 'shop', 'champion.changed', 2, '', now())`);
    expect((await look()).join()).toContain('1 given up or not sent');
    await run(`INSERT INTO outgoing_webhook_attempts (delivery_id, duration_ms) VALUES ('w2', 1)`);
    expect(await look()).toEqual([]);
  });
});

describe('workflows', () => {
  let server: TestTemporal;
  let temporal: Client;
  let stopWorker: () => Promise<void>;
  beforeAll(async () => {
    server = await startTemporal();
    const { address, namespace } = server;
    const connection = await connectTemporal({ address, namespace, tls: false, apiKey: undefined });
    temporal = new Client({ connection, namespace });
    const native = await NativeConnection.connect({ address });
    const worker = await Worker.create({
      connection: native,
      namespace,
      taskQueue: 'lifecycles',
      workflowBundle: await bundleWorkflowCode({
        workflowsPath: fileURLToPath(new URL('./planted-workflows.ts', import.meta.url)),
        logger: new DefaultLogger('ERROR'),
      }),
    });
    const running = worker.run();
    stopWorker = async () => {
      worker.shutdown();
      await running;
      await native.close();
    };
  });
  afterAll(async () => {
    await stopWorker?.();
    await (temporal?.connection as Connection | undefined)?.close();
    await server?.stop();
  });
  const started: WorkflowHandle[] = [];
  afterEach(async () => {
    for (const handle of started.splice(0)) await handle.terminate().catch(() => undefined);
  });

  /** Nobody works on it: it has a first task, which has not failed. */
  async function start(type: string, workflowId: string): Promise<WorkflowHandle> {
    const handle = await temporal.workflow.start(type, { workflowId, taskQueue: 'nobody' });
    started.push(handle);
    return handle;
  }
  async function startLifecycle(state: Partial<LifecycleState> = {}): Promise<void> {
    const args = [{ ...initialLifecycle(), ...state }];
    const [workflowId, taskQueue] = [lifecycleId(REF), 'lifecycles'];
    started.push(await temporal.workflow.start('modelLifecycle', { workflowId, taskQueue, args }));
  }
  /** Of what the server tells by and by. */
  const count = (promise: string) =>
    expect.poll(async () => of(await countWorkflows({ ...after, temporal }), `workflows: ${promise}`), {
      timeout: 20_000,
    });
  const trigger = { key: 't1' } as Trigger;
  const production = { version: 2, trigger, startedAt: 0, specRevision: 1, deadline: 0 };
  const incident = (status: string) =>
    run(`INSERT INTO incidents (incident_id, model, environment, severity, title, summary, status)
         VALUES ('i1', '${MODEL}', 'dev', 'critical', '', '', '${status}')`);

  it('are well when the lifecycle runs, and not when none does or one was ended', async () => {
    await count('the lifecycle runs').toMatchObject({
      ok: false,
      seen: `0 running, not ${lifecycleId(REF)}, 0 send again later, 0 stuck`,
    });
    await startLifecycle();
    const other = await start('monitorModel', 'monitor/1');
    await expect
      .poll(async () => broken(await countWorkflows({ ...after, temporal })), { timeout: 20_000 })
      .toEqual([]);
    await other.terminate();
    await count('none failed').toMatchObject({ ok: false, seen: '1 failed monitor/1 TERMINATED' });
  });

  it('are not when the lifecycle waits for a child that is gone', async () => {
    const promotion = { ...production, version: 1, status: 'running' } as const;
    await startLifecycle({ production, promotion });
    await start('promoteVersion', promotionId(REF, 1));
    const child = await start('produceVersion', produceVersionId(REF, 2));
    await count('what the lifecycle waits for').toMatchObject({ ok: true, seen: '2 children' });
    await child.terminate();
    const seen = `2 children, gone: ${produceVersionId(REF, 2)} TERMINATED`;
    await count('what the lifecycle waits for').toMatchObject({ ok: false, seen });
  });

  it('are not when a rollback or a production that the lifecycle decided on is never carried out', async () => {
    const rollback = { status: 'running', from: 2 } as RollbackState;
    await startLifecycle({ rollback, starting: { trigger, absorbed: [], wanted: true } });
    const seen = '0 children, not done: a production for t1, the rollback from version 2';
    await count('what the lifecycle waits for').toMatchObject({ ok: false, seen });
  });

  it('are not when nobody handles an incident that is open', async () => {
    await incident('open');
    await count('each open incident').toMatchObject({
      ok: false,
      seen: expect.stringContaining('i1 open') as string,
    });
    await start('handleIncident', incidentWorkflowId('i1'));
    await count('each open incident').toMatchObject({ ok: true });
  });

  it('are not when an incident that is resolved is handled still', async () => {
    await incident('resolved');
    await count('each open incident').toMatchObject({ ok: true });
    await start('handleIncident', incidentWorkflowId('i1'));
    await count('each open incident').toMatchObject({
      ok: false,
      seen: expect.stringContaining('i1 resolved') as string,
    });
  });
});
