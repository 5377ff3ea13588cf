import { z } from 'zod';
import { Name } from '../spec/names.ts';
import { Role } from '../spec/operation.ts';
import { StorableText } from '../storable-text.ts';
import { FreeText } from './opaque.ts';

const MAX_INT4 = 2_147_483_647;
const MAX_PAGE = 500;

export const ModelParams = z.object({ model: Name });
const VersionNumber = z.coerce.number().int().min(1).max(MAX_INT4);
export const VersionParams = z.object({ model: Name, version: VersionNumber });
const IncidentId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$/, 'an incident id');
export const IncidentParams = z.object({ incidentId: IncidentId });
export const TokenParams = z.object({ tokenId: z.string().regex(/^[0-9a-f]{16}$/, 'a token id') });

/** Every route under /v1 takes it; this server answers for one environment only. */
export const EnvironmentQuery = z.object({ environment: z.string().optional() });
export const PageQuery = EnvironmentQuery.extend({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
});
export const TimelineQuery = PageQuery.extend({ before: z.iso.datetime({ offset: true }).optional() });
export const ServedAtQuery = EnvironmentQuery.extend({ time: z.iso.datetime({ offset: true }) });
export const IncidentQuery = PageQuery.extend({
  model: Name.optional(),
  status: z.enum(['open', 'acknowledged', 'resolved']).optional(),
});
export const DeliveryParams = z.object({
  deliveryId: z.string().regex(/^msg_[0-9a-f]{32}$/, 'the id of a delivery, such as msg_ and 32 digits'),
});
export const DeliveryQuery = PageQuery.extend({
  model: Name.optional(),
  status: z.enum(['pending', 'delivered', 'failed']).optional(),
});
export const AuditQuery = PageQuery.extend({
  model: Name.optional(),
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
});
export const FindingQuery = PageQuery.extend({ monitor: Name.optional() });
export const CardQuery = EnvironmentQuery.extend({ format: z.enum(['json', 'markdown']).default('json') });

/** A file of the trainer's directory, by its path in it. */
export const SpecFile = z.strictObject({
  path: z
    .string()
    .min(1)
    .max(500)
    .refine(
      (path) =>
        !path.startsWith('/') &&
        !path.includes('\\') &&
        !path.includes('\0') &&
        path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
      'a path inside the directory, such as lib/model.py',
    ),
  contentBase64: z.base64(),
  executable: z.boolean().default(false),
});
export type SpecFile = z.infer<typeof SpecFile>;

export const ApplyRequest = z.strictObject({
  spec: z
    .record(z.string(), z.unknown())
    .describe('The lifecycle spec, with SQL files already put in place.'),
  files: z.array(SpecFile).max(2000).default([]).describe("The trainer's directory."),
  dryRun: z.boolean().default(false).describe('Answer the difference and change nothing.'),
});
export type ApplyRequest = z.input<typeof ApplyRequest>;

const RESERVED_KEY = /^(webhook|schedule|finding|system):/;
export const TriggerRequest = z.strictObject({
  reason: FreeText,
  idempotencyKey: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$/, 'letters, digits and . _ : / -, at most 200')
    .refine(
      (key) => !RESERVED_KEY.test(key),
      'the prefixes webhook:, schedule:, finding: and system: are reserved',
    )
    .describe('The same key asks once, however often it is sent.'),
});
export type TriggerRequest = z.input<typeof TriggerRequest>;

export const ReasonRequest = z.strictObject({ reason: FreeText });
export type ReasonRequest = z.input<typeof ReasonRequest>;

export const RollbackRequest = z.strictObject({
  reason: FreeText,
  to: z.int().min(1).max(MAX_INT4).optional().describe('An earlier champion; the one before when left out.'),
});
export type RollbackRequest = z.input<typeof RollbackRequest>;

export const DecideRequest = z.strictObject({
  reason: FreeText,
  evidenceHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'the SHA-256 that the card shows as evidence')
    .describe('Of the gates that the person read. A decision on other evidence is refused.'),
});
export type DecideRequest = z.input<typeof DecideRequest>;

export const TokenRequest = z.strictObject({
  actor: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._@+-]{0,99}$/i, 'a name or e-mail address, at most 100 characters')
    .describe('Who the token stands for; actions are recorded under this name.'),
  roles: z.array(Role).min(1).max(6),
  expiresInDays: z.number().positive().max(3650).nullable().default(90),
});
export type TokenRequest = z.input<typeof TokenRequest>;

export const WebhookParams = z.object({ endpoint: z.string().max(100) });
export const WebhookRequest = z.object({
  model: Name,
  reason: FreeText,
  event: StorableText.max(200).optional(),
});
export type WebhookRequest = z.input<typeof WebhookRequest>;
