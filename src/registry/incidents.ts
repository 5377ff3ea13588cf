import type { OpenIncidentInput, SetIncidentStatusInput } from '../contracts/activities/control.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import { systemActor } from '../domain/actor.ts';
import type { Severity } from '../domain/finding.ts';
import { PerennialError } from '../errors/define-error.ts';
import { INCIDENT_NOT_FOUND } from '../errors/lifecycle-errors.ts';
import { appendAudit } from './audit.ts';
import type { Queryable, Transaction } from './database.ts';

type IncidentStatus = 'open' | 'acknowledged' | 'resolved';

export interface IncidentRecord extends ModelRef {
  readonly incidentId: string;
  readonly severity: Severity;
  readonly status: IncidentStatus;
  readonly title: string;
  readonly summary: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly openedAt: string;
  readonly acknowledgedAt: string | null;
  readonly acknowledgedBy: string | null;
  readonly resolvedAt: string | null;
  readonly resolvedBy: string | null;
}

interface IncidentRow {
  incident_id: string;
  model: string;
  environment: string;
  severity: Severity;
  status: IncidentStatus;
  title: string;
  summary: string;
  facts: Record<string, string>;
  opened_at: Date;
  acknowledged_at: Date | null;
  acknowledged_by: string | null;
  resolved_at: Date | null;
  resolved_by: string | null;
}

function toRecord(row: IncidentRow): IncidentRecord {
  return {
    incidentId: row.incident_id,
    model: row.model,
    environment: row.environment,
    severity: row.severity,
    status: row.status,
    title: row.title,
    summary: row.summary,
    facts: row.facts,
    openedAt: row.opened_at.toISOString(),
    acknowledgedAt: row.acknowledged_at?.toISOString() ?? null,
    acknowledgedBy: row.acknowledged_by,
    resolvedAt: row.resolved_at?.toISOString() ?? null,
    resolvedBy: row.resolved_by,
  };
}

/** Opens an incident once; an id that is known changes nothing. */
export async function openIncident(tx: Transaction, input: OpenIncidentInput): Promise<void> {
  const { incidentId, model, environment, severity, title, summary, facts } = input;
  const { rowCount } = await tx.query(
    `INSERT INTO incidents (incident_id, model, environment, severity, title, summary, facts)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (incident_id) DO NOTHING`,
    [incidentId, model, environment, severity, title, summary, JSON.stringify(facts)],
  );
  if (rowCount === 0) return;
  await appendAudit(tx, {
    actor: systemActor('incidents').id,
    action: 'incident.opened',
    model,
    environment,
    data: { incidentId, severity, title },
  });
}

const STATEMENT: Readonly<Record<SetIncidentStatusInput['status'], string>> = {
  acknowledged: `UPDATE incidents SET status = 'acknowledged', acknowledged_at = now(), acknowledged_by = $2
                  WHERE incident_id = $1 AND status = 'open' RETURNING model, environment`,
  resolved: `UPDATE incidents SET status = 'resolved', resolved_at = now(), resolved_by = $2
              WHERE incident_id = $1 AND status <> 'resolved' RETURNING model, environment`,
};

/**
 * Moves an incident forward. A status it already has, or has passed, is success and changes nothing: a late
 * repetition of an acknowledgement never re-opens what is resolved.
 * @throws PerennialError INCIDENT_NOT_FOUND
 */
export async function setIncidentStatus(tx: Transaction, input: SetIncidentStatusInput): Promise<void> {
  const { incidentId, status, actor, reason } = input;
  const { rows } = await tx.query<ModelRef>(STATEMENT[status], [incidentId, actor.id]);
  const changed = rows[0];
  if (!changed) {
    await getIncident(tx, incidentId);
    return;
  }
  await appendAudit(tx, {
    actor: actor.id,
    action: `incident.${status}`,
    model: changed.model,
    environment: changed.environment,
    data: { incidentId, reason },
  });
}

/** @throws PerennialError INCIDENT_NOT_FOUND */
export async function getIncident(
  db: Queryable,
  incidentId: string,
  environment?: string,
): Promise<IncidentRecord> {
  const { rows } = await db.query<IncidentRow>(
    'SELECT * FROM incidents WHERE incident_id = $1 AND ($2::text IS NULL OR environment = $2)',
    [incidentId, environment ?? null],
  );
  if (!rows[0]) throw new PerennialError(INCIDENT_NOT_FOUND, `there is no incident ${incidentId}`);
  return toRecord(rows[0]);
}

export interface IncidentFilter {
  readonly environment: string;
  readonly model?: string | undefined;
  readonly status?: IncidentStatus | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listIncidents(db: Queryable, filter: IncidentFilter): Promise<IncidentRecord[]> {
  const { rows } = await db.query<IncidentRow>(
    `SELECT * FROM incidents WHERE environment = $1 AND ($2::text IS NULL OR model = $2)
        AND ($3::text IS NULL OR status = $3) ORDER BY opened_at DESC, incident_id LIMIT $4`,
    [filter.environment, filter.model ?? null, filter.status ?? null, filter.limit],
  );
  return rows.map(toRecord);
}
