import { z } from 'zod';
import type { GateReport } from '../../domain/gate-report.ts';
import type { LifecycleState } from '../../domain/lifecycle/state.ts';
import type { RolloutState } from '../../domain/rollout/state.ts';
import type { ProductionState } from '../workflows/production.ts';
import type { PromotionState } from '../workflows/promotion.ts';
import { VERSION_STAGES } from '../../domain/version-stage.ts';
import { Role } from '../spec/operation.ts';
import { opaque } from './opaque.ts';

const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();
const facts = z.record(z.string(), z.unknown()).readonly();
const Stage = z.enum(VERSION_STAGES);
const Time = z.string().describe('ISO 8601');
const ref = { model: z.string(), environment: z.string() };

const SpecChange = z.object({
  path: z.string(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
});
export const ApplyAnswer = z.object({
  ...ref,
  revision: z.int(),
  changed: z.boolean(),
  dryRun: z.boolean(),
  diff: list(SpecChange),
  schedules: list(z.string()).describe('Ids of the Temporal Schedules that stand for the spec.'),
});
export type ApplyAnswer = z.infer<typeof ApplyAnswer>;

export const ModelSummary = z.object({
  ...ref,
  description: z.string(),
  team: z.string(),
  specRevision: z.int(),
  champion: z.int().nullable(),
  latestVersion: z.int().nullable(),
  latestStage: Stage.nullable(),
  openIncidents: z.int(),
  createdAt: Time,
  createdBy: z.string(),
});

const Route = z.object({
  generation: z.int(),
  weights: list(z.object({ version: z.int(), weight: z.number() })),
  shadow: list(z.int()),
  champion: z.int().nullable(),
  reason: z.string(),
  actor: z.string(),
  since: Time,
});

export const Incident = z.object({
  ...ref,
  incidentId: z.string(),
  severity: z.enum(['info', 'warning', 'critical']),
  status: z.enum(['open', 'acknowledged', 'resolved']),
  title: z.string(),
  summary: z.string(),
  facts: z.record(z.string(), z.string()).readonly(),
  openedAt: Time,
  acknowledgedAt: Time.nullable(),
  acknowledgedBy: z.string().nullable(),
  resolvedAt: Time.nullable(),
  resolvedBy: z.string().nullable(),
});

export const ModelStatus = ModelSummary.extend({
  aliases: list(z.object({ alias: z.string(), version: z.int(), setAt: Time })),
  route: Route.nullable(),
  incidents: list(Incident).describe('Those not resolved.'),
  live: z
    .object({
      lifecycle: opaque<LifecycleState | null>('State of the lifecycle workflow; null while none runs.'),
      production: opaque<ProductionState | null>('The version being produced.'),
      promotion: opaque<PromotionState | null>('Gates and approval under way.'),
      rollout: opaque<RolloutState | null>('The rollout under way.'),
    })
    .nullable()
    .describe('What the workflows say; null when Temporal or a worker does not answer.'),
  liveProblem: z.string().nullable(),
});
export type ModelStatus = z.infer<typeof ModelStatus>;

export const Version = z.object({
  ...ref,
  version: z.int(),
  stage: Stage,
  specRevision: z.int(),
  requestedBy: z.string(),
  triggerKey: z.string(),
  trigger: facts,
  runId: z.string().nullable(),
  artifact: z.string().nullable(),
  sizeBytes: z.number().nullable(),
  signature: facts.nullable(),
  evaluationId: z.string().nullable(),
  card: z.string().nullable().describe('Digest of the card as it was at registration.'),
  createdAt: Time,
});
const StageChange = z.object({
  version: z.int(),
  stage: Stage,
  reason: z.string(),
  actor: z.string(),
  at: Time,
});
export const VersionDetail = Version.extend({ stages: list(StageChange) });

export const DecisionAnswer = z.object({
  ...ref,
  decisionId: z.string(),
  version: z.int().nullable(),
  kind: z.string(),
  outcome: z.string(),
  reason: z.string(),
  actor: z.string(),
  roles: list(z.string()),
  evidenceHash: z.string().nullable(),
  evidence: facts,
  at: Time,
});
export const GateReportAnswer = z.object({
  report: opaque<GateReport>('Gates with verdicts and evidence.'),
  at: Time,
});
export const TimelineEntry = z.object({
  at: Time,
  actor: z.string(),
  action: z.string(),
  version: z.int().nullable(),
  text: z.string(),
  data: facts,
});
export const AuditEventAnswer = z.object({
  seq: z.int(),
  at: Time,
  actor: z.string(),
  action: z.string(),
  model: z.string().optional(),
  environment: z.string().optional(),
  version: z.int().optional(),
  data: facts,
  previousHash: z.string(),
  hash: z.string(),
});
export const AuditCheckAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('whole'), events: z.int(), head: z.string() }),
  z.object({ kind: z.literal('broken'), atSeq: z.int(), reason: z.string() }),
]);

export const TriggerAnswerBody = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('started'), version: z.int().nullable() }),
  z.object({ kind: z.literal('waiting'), reason: z.string() }),
  z.object({ kind: z.literal('coalesced'), into: z.string() }),
  z.object({ kind: z.literal('duplicate'), of: z.string() }),
  z.object({ kind: z.literal('refused'), reason: z.string() }),
]);
export const DecideAnswerBody = z.object({
  status: z.enum(['approved', 'denied', 'open']),
  approvals: z.int(),
  quorum: z.int(),
});
export const RevalidateAnswerBody = z.object({
  specRevision: z.int().describe('Whose evaluation and gates judge the version.'),
  approvalOpen: z.boolean().describe('An approval is open, whose votes new evidence voids.'),
});
export const RollbackAnswerBody = z.object({ from: z.int(), to: z.int(), generation: z.int() });
export const Done = z.object({ done: z.literal(true) });

const WebhookFailure = z.object({ code: z.string(), message: z.string() });
export const WebhookDeliveryAnswer = z.object({
  ...ref,
  deliveryId: z.string().describe('The `webhook-id` of every attempt.'),
  endpoint: z.string(),
  event: z.string(),
  sequence: z.int(),
  status: z.enum(['pending', 'delivered', 'failed']),
  attempts: z.int(),
  lastStatusCode: z.int().nullable(),
  lastError: WebhookFailure.nullable(),
  error: WebhookFailure.nullable().describe('Why it was given up.'),
  createdAt: Time,
  finishedAt: Time.nullable(),
});
export const WebhookDeliveryDetail = WebhookDeliveryAnswer.extend({
  body: z.string().describe('As it was signed and sent.'),
  log: list(
    z.object({
      at: Time,
      statusCode: z.int().nullable(),
      error: WebhookFailure.nullable(),
      durationMs: z.number(),
    }),
  ),
});

export const TokenAnswer = z.object({
  tokenId: z.string(),
  actor: z.string(),
  roles: list(Role),
  createdAt: Time,
  createdBy: z.string(),
  expiresAt: Time.nullable(),
  revokedAt: Time.nullable(),
  lastUsedAt: Time.nullable(),
});
export const NewTokenAnswer = TokenAnswer.extend({ token: z.string().describe('Shown this once.') });
