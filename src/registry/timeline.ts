import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { AuditEvent } from './audit.ts';
import type { Queryable } from './database.ts';

/** One thing that happened to a model: who, what, when. */
export interface TimelineEntry {
  readonly at: string;
  readonly actor: string;
  /** Past tense, such as `version.stage_changed`; findings are `finding.breach`. */
  readonly action: string;
  readonly version: number | null;
  /** One sentence. */
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Row {
  at: Date;
  actor: string;
  action: string;
  version: number | null;
  data: Record<string, unknown>;
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : JSON.stringify(value);
}

/** An audit event as a sentence. Unknown actions are told by their name: the audit's vocabulary may grow. */
function describeEvent(event: Pick<Row, 'action' | 'version' | 'data'>): string {
  const { action, data } = event;
  const version = event.version === null ? '' : `version ${event.version}`;
  const because = typeof data['reason'] === 'string' && data['reason'] !== '' ? `: ${data['reason']}` : '';
  switch (action) {
    case 'model.created':
      return 'the model was created';
    case 'spec.applied':
      return `spec revision ${asText(data['revision'])} was applied`;
    case 'version.allocated':
      return `${version} was requested${because}`;
    case 'version.stage_changed':
      return `${version} went from ${asText(data['from'])} to ${asText(data['to'])}${because}`;
    case 'card.written':
      return `the card of ${version} was written`;
    case 'decision.recorded':
      return `${asText(data['kind'])} decision${version === '' ? '' : ` on ${version}`}: ${asText(data['outcome'])}${because}`;
    case 'incident.opened':
      return `${asText(data['severity'])} incident opened: ${asText(data['title'])}`;
    case 'incident.acknowledged':
    case 'incident.resolved':
      return `incident ${asText(data['incidentId'])} was ${action.slice('incident.'.length)}${because}`;
    case 'finding.breach':
      return asText(data['text']);
    default:
      return `${action.replaceAll(/[._]/g, ' ')}${version === '' ? '' : ` (${version})`}${because}`;
  }
}

export interface TimelinePage {
  readonly limit: number;
  /** Only what happened before this time. */
  readonly before?: Date | undefined;
}

/** Audit events and confirmed breaches of a model, newest first. */
export async function modelTimeline(
  db: Queryable,
  ref: ModelRef,
  page: TimelinePage,
): Promise<TimelineEntry[]> {
  const { rows } = await db.query<Row>(
    `SELECT at, actor, action, version, data FROM (
       SELECT at, seq, actor, action, version, data FROM audit_events WHERE model = $1 AND environment = $2
       UNION ALL
       SELECT created_at, 0, 'system:monitor', 'finding.breach', version,
              finding || jsonb_build_object('text', monitor || ': ' || coalesce(finding->>'reason', status))
         FROM findings
        WHERE model = $1 AND environment = $2 AND status = 'breach' AND (finding->>'confirmed')::boolean
     ) entries
     WHERE $3::timestamptz IS NULL OR at < $3 ORDER BY at DESC, seq DESC LIMIT $4`,
    [ref.model, ref.environment, page.before ?? null, page.limit],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString(), text: describeEvent(row) }));
}

export interface AuditFilter {
  readonly model?: string | undefined;
  readonly after: number;
  readonly limit: number;
}

/** The audit log in order, from after a sequence number on. */
export async function listAudit(db: Queryable, filter: AuditFilter): Promise<AuditEvent[]> {
  const { rows } = await db.query<
    Row & {
      seq: number;
      model: string | null;
      environment: string | null;
      previous_hash: string;
      hash: string;
    }
  >('SELECT * FROM audit_events WHERE seq > $1 AND ($2::text IS NULL OR model = $2) ORDER BY seq LIMIT $3', [
    filter.after,
    filter.model ?? null,
    filter.limit,
  ]);
  return rows.map((row) => ({
    seq: row.seq,
    at: row.at.toISOString(),
    actor: row.actor,
    action: row.action,
    ...(row.model === null ? {} : { model: row.model }),
    ...(row.environment === null ? {} : { environment: row.environment }),
    ...(row.version === null ? {} : { version: row.version }),
    data: row.data,
    previousHash: row.previous_hash,
    hash: row.hash,
  }));
}
