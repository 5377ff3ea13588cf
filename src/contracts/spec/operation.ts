import { z } from 'zod';
import { Duration } from '../duration.ts';
import { ColumnName, Name } from './names.ts';
import { WebhookEndpoints } from './webhooks.ts';

export const Role = z.enum(['viewer', 'data-scientist', 'ml-engineer', 'compliance', 'on-call', 'admin']);
export type Role = z.infer<typeof Role>;

export const Approval = z.strictObject({
  roles: z.array(Role).min(1).default(['ml-engineer']),
  quorum: z.int().min(1).max(10).default(1),
  remindAfter: z.array(Duration).prefault(['24h', '48h']),
  timeout: Duration.prefault('72h').describe('Without enough approvals by then the version expires.'),
});
export type Approval = z.infer<typeof Approval>;

/** How a metric of the canary is compared with the champion's over the same time. */
export const AnalysisMetric = z.discriminatedUnion('metric', [
  z.strictObject({
    metric: z.literal('outcome'),
    outcome: Name.describe('A boolean outcome that feedback reports, such as `converted`.'),
    higherIsBetter: z.boolean().default(true),
    margin: z.number().min(0).default(0.1).describe('The relative loss that still counts as not worse.'),
    alpha: z.number().gt(0).lt(0.5).default(0.05),
  }),
  z.strictObject({
    metric: z.literal('latency'),
    maxMsP99: z.number().positive().optional(),
    maxRatio: z.number().positive().default(2).describe('p99 of the canary over p99 of the champion.'),
  }),
  z.strictObject({ metric: z.literal('errors'), maxRate: z.number().min(0).max(1).default(0.01) }),
]);
export type AnalysisMetric = z.infer<typeof AnalysisMetric>;

export const Rollout = z.strictObject({
  shadow: z
    .strictObject({ duration: Duration.prefault('1h'), minSamples: z.int().min(1).default(200) })
    .nullable()
    .prefault({}),
  weights: z
    .array(z.number().gt(0).max(100))
    .min(1)
    .default([1, 5, 25, 50, 100])
    .describe('Per cent of traffic, growing, ending with 100.'),
  step: z
    .strictObject({
      duration: Duration.prefault('1h'),
      minSamples: z.int().min(1).default(200).describe('Per arm, with outcome where an outcome is compared.'),
      maxDuration: Duration.prefault('24h').describe(
        'Low traffic extends a step up to this; then a person is asked.',
      ),
    })
    .prefault({}),
  bake: z.strictObject({ duration: Duration.prefault('24h') }).prefault({}),
  interval: Duration.prefault('1m').describe('Between two looks at the metrics.'),
  analysis: z.array(AnalysisMetric).default([{ metric: 'errors', maxRate: 0.01 }]),
  failureLimit: z.int().min(0).default(0).describe('Failed looks in a row that are tolerated.'),
  errorLimit: z
    .int()
    .min(1)
    .default(4)
    .describe('Looks in a row without an answer after which the rollout pauses.'),
  automaticPromotion: z
    .boolean()
    .default(true)
    .describe(
      'After approval, a rollout whose analysis passes promotes by itself. false: a person says promote.',
    ),
});
export type Rollout = z.infer<typeof Rollout>;

export const Serving = z.strictObject({
  rank: z
    .strictObject({
      entity: z.array(ColumnName).min(1),
      candidate: z.array(ColumnName).min(1),
      defaultK: z.int().positive().default(10),
    })
    .optional()
    .describe('Keys that `POST /v1/models/{name}/rank` takes.'),
  outcomes: z
    .record(
      Name,
      z.strictObject({
        description: z.string(),
        type: z.enum(['boolean', 'number']),
        delay: Duration.prefault('0s').describe(
          'How long after its request the outcome may come. Younger requests count in no rollout, baseline or monitor.',
        ),
      }),
    )
    .default({}),
  keepWarm: z
    .int()
    .min(0)
    .max(10)
    .default(2)
    .describe('Earlier champions that stay loaded for an instant rollback.'),
});
export type Serving = z.infer<typeof Serving>;

const Severity = z.enum(['info', 'warning', 'critical']);
const onBreach = {
  severity: Severity.default('warning'),
  do: z.array(z.enum(['alert', 'retrain', 'rollback'])).default(['alert']),
};

export const Monitor = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('feature-drift'),
    name: Name,
    features: z
      .array(z.string())
      .optional()
      .describe('view.column; all features of the model when left out.'),
    measure: z.enum(['auto', 'psi', 'js']).default('auto'),
    threshold: z.number().positive().optional(),
    share: z
      .number()
      .gt(0)
      .max(1)
      .default(0.5)
      .describe('Share of features that must drift for the monitor to breach.'),
    ...onBreach,
  }),
  z.strictObject({
    type: z.literal('prediction-drift'),
    name: Name,
    measure: z.enum(['auto', 'psi', 'js']).default('auto'),
    threshold: z.number().positive().optional(),
    ...onBreach,
  }),
  z.strictObject({
    type: z.literal('outcome-drift'),
    name: Name,
    outcome: Name,
    maxRelativeChange: z
      .number()
      .positive()
      .default(0.2)
      .describe('Of the mean outcome against the training label, both ways.'),
    ...onBreach,
  }),
  z.strictObject({
    type: z.literal('concentration'),
    name: Name,
    by: ColumnName.describe('Candidate key whose share among recommendations is watched.'),
    maxTopShare: z.number().gt(0).max(1).describe('Of the first rank.'),
    ...onBreach,
  }),
  z.strictObject({
    type: z.literal('kpi'),
    name: Name,
    outcome: Name,
    minRatio: z.number().gt(0).describe("Of the window's mean over the baseline measured at promotion."),
    ...onBreach,
  }),
  z.strictObject({ type: z.literal('freshness'), name: Name, source: Name, maxAge: Duration, ...onBreach }),
  z.strictObject({ type: z.literal('staleness'), name: Name, maxAge: Duration, ...onBreach }),
  z.strictObject({
    type: z.literal('latency'),
    name: Name,
    maxMsP99: z.number().positive(),
    ...onBreach,
  }),
]);
export type Monitor = z.infer<typeof Monitor>;

export const Monitoring = z.strictObject({
  every: Duration.prefault('1h'),
  window: Duration.prefault('24h').describe('The newest span of live traffic that is judged.'),
  minSamples: z.int().min(1).default(200),
  breaches: z
    .strictObject({ k: z.int().min(1).default(2), n: z.int().min(1).default(5) })
    .prefault({})
    .describe('A monitor breaches when k of its last n windows and the newest one do.'),
  monitors: z.array(Monitor).default([]),
});
export type Monitoring = z.infer<typeof Monitoring>;

export const Retraining = z.strictObject({
  schedule: z
    .union([
      z.strictObject({ every: Duration }),
      z.strictObject({
        cron: z
          .string()
          .min(9)
          .describe(
            'Five fields; where the day of the month and that of the week are both given, both must match.',
          ),
        timezone: z.string().default('UTC').describe('Its name in the IANA database, such as Europe/Berlin.'),
      }),
    ])
    .optional(),
  coolDown: Duration.prefault('24h'),
  dailyBudget: z.int().min(1).default(4).describe('Productions a day, triggers by people included.'),
  gpuHoursPerDay: z
    .number()
    .positive()
    .optional()
    .describe('Once the runs of a UTC day have used as much, the next production waits for the next day.'),
  maxStrikes: z
    .int()
    .min(1)
    .default(3)
    .describe('Retrainings in one episode that may lose against the champion.'),
  newExamples: z
    .strictObject({
      min: z
        .int()
        .min(1)
        .describe('Examples to train on, newer than the window of the finding; held-out ones do not count.'),
      maxWait: Duration.describe('After that it goes on with what there is, and its card says so.'),
    })
    .optional()
    .describe(
      'What a retraining that a finding asked for waits for before it trains. Left out: it starts at once.',
    ),
});
export type Retraining = z.infer<typeof Retraining>;

export const Notifications = z.strictObject({
  slack: z.strictObject({ channel: z.string().min(1) }).optional(),
  email: z.strictObject({ to: z.array(z.email()).min(1) }).optional(),
  webhooks: WebhookEndpoints.describe('Systems that are told by signed HTTP requests: docs/webhooks.md.'),
  remindEvery: Duration.prefault('30m').describe('Until an incident is acknowledged; 0s: never.'),
  escalation: z
    .strictObject({
      after: Duration.prefault('1h'),
      email: z.array(z.email()).default([]),
      slackChannel: z.string().optional(),
    })
    .optional(),
});
export type Notifications = z.infer<typeof Notifications>;
