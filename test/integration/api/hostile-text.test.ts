import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { visibleText } from '../../../src/domain/visible-text.ts';
import { signActionLink } from '../../../src/notifications/action-link.ts';
import type { ActionGrant } from '../../../src/notifications/action-link.ts';
import { withTransaction } from '../../../src/registry/database.ts';
import { openIncident } from '../../../src/registry/incidents.ts';
import { HOSTILE } from '../../unit/hostile-text/hostile-strings.ts';
import {
  attributeValues,
  htmlStructure,
  htmlText,
  oneSpace,
} from '../../unit/hostile-text/html-structure.ts';
import {
  applyModel,
  candidate,
  ENVIRONMENT,
  gateReportOf,
  writeGateReport,
} from '../registry/registry-fixture.ts';
import { ApiWorld, LINK_SECRET } from './api-fixture.ts';

const MODEL = 'shown';
const CALM = 'nothing special';
/** PostgreSQL holds no NUL and no half of a character; what writes into it refuses them. */
const STORABLE = HOSTILE.filter(([, text]) => !/[\0\p{Cs}]/u.test(text));

let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.open();
  await applyModel(world.db, MODEL);
});
afterAll(() => world.close());

const link = (act: ActionGrant['act'], parts: Partial<ActionGrant> = {}) =>
  `/act/${signActionLink(LINK_SECRET, { act, model: MODEL, environment: ENVIRONMENT, recipient: 'otto@example.com', expiresAt: Date.now() + 3_600_000, ...parts })}`;

/** The page of an action, under a policy that would stop a script that slipped through. */
async function pageOf(act: ActionGrant['act'], parts: Partial<ActionGrant> = {}): Promise<string> {
  const { text, headers } = await world.send('GET', link(act, parts));
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; style-src 'sha256-[\w+/]+='; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
  );
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  return text;
}

function expectText(page: string, calm: string, text: string): void {
  // Ids and times are ours, and no attribute of these pages.
  expect(htmlStructure(page)).toEqual(htmlStructure(calm));
  expect(htmlText(page)).toContain(oneSpace(visibleText(text)));
  expect(page).not.toMatch(/[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/u);
}

describe('a page behind a link', () => {
  async function incidentOf(incidentId: string, text: string): Promise<string> {
    await withTransaction(world.db, (tx) =>
      openIncident(tx, {
        model: MODEL,
        environment: ENVIRONMENT,
        incidentId,
        severity: 'critical',
        title: text,
        summary: text,
        facts: { [text]: text },
      }),
    );
    return pageOf({ kind: 'acknowledge', incidentId });
  }

  it.each(STORABLE)('shows %s in an incident as text', async (what, text) => {
    expectText(
      await incidentOf(`i/${what.replaceAll(' ', '-')}`, text),
      await incidentOf('i/calm', CALM),
      text,
    );
  });

  it.each(STORABLE)('shows %s in a review as text', async (what, text) => {
    const ref = { model: MODEL, environment: ENVIRONMENT };
    const reviewOf = async (one: string) => {
      const version = await candidate(world.db, ref, `${what}/${String(one === CALM)}`);
      const verdict = { kind: 'fail', reason: one } as const;
      const report = gateReportOf(version);
      const gates = report.gates.map((gate) => ({ ...gate, gate: one, verdict }));
      await writeGateReport(world.db, ref, { ...report, verdict, gates });
      return pageOf({ kind: 'review', version });
    };
    expectText(await reviewOf(text), await reviewOf(CALM), text);
  });

  it.each(HOSTILE)('shows %s in a refusal as text', async (_what, text) => {
    const act = { kind: 'acknowledge', incidentId: 'i' } as const;
    const [shown, calm] = [
      await pageOf(act, { environment: text }),
      await pageOf(act, { environment: CALM }),
    ];
    expect(htmlStructure(shown)).toEqual(htmlStructure(calm));
  });
});

describe('every HTML answer has a strict policy', () => {
  it('also the documentation, which runs its own scripts and no others', async () => {
    const { headers, text } = await world.send('GET', '/docs/');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    // All that the page asks for is what the policy lets it have.
    for (const address of [...attributeValues(text, 'src'), ...attributeValues(text, 'href')]) {
      expect(address).toMatch(/^\.\/static\//);
      expect((await world.send('GET', `/docs/${address}`)).status).toBe(200);
    }
    expect(htmlText(text)).toBe('Perennial API');
  });

  it.each(['/docsx', '/docs/nothing', '/act/x/y', '/%3Cscript%3E', '/v1/%22onload=%22'])(
    'and what is no page says so: %s',
    async (path) => {
      const { headers, status } = await world.send('GET', path);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(headers.get('content-type')).toMatch(/^application\/json/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    },
  );
});
