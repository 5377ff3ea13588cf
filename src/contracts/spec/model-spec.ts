import { z } from 'zod';
import { ColumnName, Name } from './names.ts';
import { Approval, Monitoring, Notifications, Retraining, Rollout, Serving } from './operation.ts';
import { Features, Source } from './sources.ts';
import { Evaluation, Gate, Training } from './training.ts';

const API_VERSION = 'perennial/v1';

const EnvironmentOverrides = z.strictObject({
  gates: z.array(Gate).optional(),
  approval: Approval.nullable().optional(),
  rollout: Rollout.optional(),
  monitoring: Monitoring.optional(),
  retraining: Retraining.optional(),
  notifications: Notifications.optional(),
});

/**
 * The lifecycle spec of one model: the single source of `perennial.yaml`, `defineModel()`, the JSON Schema and
 * the reference page. Durations are milliseconds once parsed; every default is written out in the result.
 */
export const ModelSpec = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  name: Name,
  description: z.string().min(1),
  owner: z.strictObject({ team: z.string().min(1), email: z.email().optional() }),
  labels: z.record(z.string(), z.string()).default({}),
  sources: z.record(Name, Source),
  features: Features,
  training: Training,
  evaluation: Evaluation,
  gates: z.array(Gate).default([]),
  allowUngated: z
    .boolean()
    .default(false)
    .describe('Without gates a version is refused, unless this says true; every card then shows it.'),
  approval: Approval.nullable().prefault({}).describe('null: no person is asked. Every card then shows it.'),
  rollout: Rollout.prefault({}),
  serving: Serving.prefault({}),
  monitoring: Monitoring.prefault({}),
  retraining: Retraining.prefault({}),
  notifications: Notifications.prefault({}),
  privacy: z
    .strictObject({ allowPii: z.array(ColumnName).default([]), subjectKey: ColumnName.optional() })
    .prefault({})
    .describe('Columns that may hold personal data, and the key of the person they are about.'),
  environments: z
    .record(Name, EnvironmentOverrides)
    .default({})
    .describe(
      'By environment, sections that replace the general ones whole there; each is checked as that environment would use it.',
    ),
});
/** A spec as it is once parsed. */
export type ModelSpec = z.infer<typeof ModelSpec>;
/** A spec as a person writes it. */
export type ModelSpecInput = z.input<typeof ModelSpec>;

/** Types a spec written in TypeScript; `perennial apply` takes the module's default or named `model` export. */
export function defineModel(spec: ModelSpecInput): ModelSpecInput {
  return spec;
}
