/* eslint-disable @typescript-eslint/no-unsafe-member-access -- answers are looked into as JSON */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASK_QUEUE } from '../../../src/contracts/task-queues.ts';
import { incidentWorkflowId } from '../../../src/contracts/workflows/ids.ts';
import { signActionLink } from '../../../src/notifications/action-link.ts';
import type { ActionGrant } from '../../../src/notifications/action-link.ts';
import { getIncident } from '../../../src/registry/incidents.ts';
import {
  applyModel,
  candidate,
  ENVIRONMENT,
  gateReportOf,
  writeGateReport,
} from '../registry/registry-fixture.ts';
import { ApiWorld, LINK_SECRET, until } from './api-fixture.ts';

let world: ApiWorld;
let otto: string;
const HOUR_MS = 3_600_000;
const INCIDENT = 'drift/links/1';

beforeAll(async () => {
  world = await ApiWorld.open();
  await world.startWorkers();
  otto = await world.tokenFor('otto', 'on-call');
  const ref = await applyModel(world.db, 'links');
  const version = await candidate(world.db, ref, 'k');
  await writeGateReport(world.db, ref, gateReportOf(version));
  await world.client.workflow.start('handleIncident', {
    workflowId: incidentWorkflowId(INCIDENT),
    taskQueue: TASK_QUEUE.control,
    args: [
      {
        ...ref,
        incidentId: INCIDENT,
        severity: 'critical',
        title: 'Drift <script>alert(1)</script>',
        summary: 'Everyone is shown one plant.',
        facts: { plant: 'Ficus "elastica"' },
        openedAt: Date.now(),
      },
    ],
  });
  await until(
    'the incident is open',
    () => world.call(otto, 'GET', `/v1/incidents?model=links`),
    ({ body }) => body.incidents.length === 1,
  );
});
afterAll(() => world.close());

const link = (act: ActionGrant['act'], parts: Partial<ActionGrant> = {}, secret = LINK_SECRET) =>
  `/act/${signActionLink(secret, { act, model: 'links', environment: ENVIRONMENT, recipient: 'otto@example.com', expiresAt: Date.now() + 72 * HOUR_MS, ...parts })}`;
const acknowledge = { kind: 'acknowledge', incidentId: INCIDENT } as const;

describe('an action link', () => {
  it('shows what it is about and changes nothing when it is opened', async () => {
    const opened = await world.send('GET', link(acknowledge));
    expect(opened.status).toBe(200);
    expect(opened.text).toContain('Everyone is shown one plant.');
    expect(opened.text).toContain('<button');
    expect((await getIncident(world.db, INCIDENT)).status).toBe('open');
  });

  it('escapes what others wrote, and forbids scripts and frames', async () => {
    const { text, headers } = await world.send('GET', link(acknowledge));
    expect(text).not.toContain('<script>');
    expect(text).toContain('&lt;script&gt;');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('acknowledges by its button under the name of whom it was sent to, and only once', async () => {
    const pressed = await world.send('POST', link(acknowledge), {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: '',
    });
    expect(pressed.status).toBe(200);
    expect(pressed.text).toContain('Acknowledged as otto@example.com');
    expect(await getIncident(world.db, INCIDENT)).toMatchObject({
      status: 'acknowledged',
      acknowledgedBy: 'otto@example.com',
    });
    const again = await world.send('POST', link(acknowledge));
    expect(again.status).toBe(409);
    expect(again.text).toContain('INCIDENT_NOT_OPEN');
  });

  it('shows the gates for a review, and has no way to approve', async () => {
    const act = { kind: 'review', version: 1 } as const;
    const shown = await world.send('GET', link(act));
    expect(shown.text).toContain('auc 0.81 &gt;= 0.7');
    expect(shown.text).toContain('perennial approve links 1');
    expect(shown.text).not.toContain('<form');
    expect((await world.send('POST', link(act))).text).not.toContain('approved');
  });

  it('never writes its token to the log', () => {
    expect(world.logs.join('')).not.toContain(link(acknowledge).slice('/act/'.length, 60));
    expect(world.logs.join('')).toContain('/act/…');
  });
});

describe('an action link is refused', () => {
  const long = 'x'.repeat(4000);
  const good = () => link(acknowledge);
  const cases: [string, () => string, number][] = [
    ['when it has expired', () => link(acknowledge, { expiresAt: Date.now() - 1 }), 410],
    ['when another secret signed it', () => link(acknowledge, {}, 'another secret of tests'), 403],
    ['when it was cut', () => good().slice(0, -3), 403],
    ['when its payload was changed', () => good().replace('/act/e', '/act/f'), 403],
    ['when it is for another environment', () => link(acknowledge, { environment: 'prod' }), 403],
    ['when it is nonsense', () => '/act/nonsense', 403],
    ['when it has three parts', () => `${good()}.x`, 403],
    ['when it is empty on one side', () => '/act/a.', 403],
    ['when it is very long', () => `/act/${long}`, 403],
    ['when its incident is unknown', () => link({ kind: 'view_incident', incidentId: 'nope' }), 404],
    ['when its version is unknown', () => link({ kind: 'review', version: 99 }), 404],
  ];
  it.each(cases)('%s', async (_what, path, status) => {
    for (const method of ['GET', 'POST']) {
      const answer = await world.send(method, path());
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toContain('text/html');
    }
  });
});

describe('incidents through the API', () => {
  it('are resolved by on-call with a reason, and closed for further commands', async () => {
    const id = encodeURIComponent(INCIDENT);
    const ack = await world.call(otto, 'POST', `/v1/incidents/${id}/ack`, { reason: 'seen' });
    expect(ack.body.error.code).toBe('INCIDENT_NOT_OPEN');
    const resolved = await world.call(otto, 'POST', `/v1/incidents/${id}/resolve`, { reason: 'rolled back' });
    expect(resolved.body).toEqual({ done: true });
    const shown = await world.call(otto, 'GET', `/v1/incidents/${id}`);
    expect(shown.body).toMatchObject({ status: 'resolved', resolvedBy: 'otto' });
    const again = await world.call(otto, 'POST', `/v1/incidents/${id}/resolve`, { reason: 'again' });
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'INCIDENT_NOT_OPEN' } } });
  });
});
