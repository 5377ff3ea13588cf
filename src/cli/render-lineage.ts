import { z } from 'zod';
import pc from 'picocolors';
import { utcTime } from '../domain/utc-time.ts';
import { clip, paint, renderTable } from './render.ts';

/** What is shown of the API's lineage; `--json` gives all of it. */
const Lineage = z.object({
  version: z.object({
    model: z.string(),
    version: z.number(),
    stage: z.string(),
    requestedBy: z.string(),
    artifact: z.string().nullable(),
  }),
  run: z
    .object({ runId: z.string(), status: z.string(), seed: z.number(), codeDigest: z.string().nullable() })
    .nullable(),
  frame: z
    .object({
      digest: z.string(),
      manifest: z.object({
        train: z.object({ rows: z.number() }),
        holdout: z.object({ rows: z.number() }),
        splitAt: z.string().nullable(),
        views: z.record(z.string(), z.string()),
      }),
    })
    .nullable(),
  datasets: z.array(z.object({ source: z.string(), digest: z.string(), rows: z.number() })),
  decisions: z.array(z.object({ kind: z.string(), outcome: z.string(), reason: z.string() })),
  stages: z.array(z.object({ stage: z.string(), reason: z.string(), actor: z.string(), at: z.string() })),
  serving: z.array(
    z.object({
      generation: z.number(),
      weight: z.number(),
      shadow: z.boolean(),
      from: z.string(),
      until: z.string().nullable(),
    }),
  ),
});

const DIGEST_CHARS = 12;
const REASON_CHARS = 90;
const short = (digest: string | null): string => digest?.slice(0, DIGEST_CHARS) ?? '–';

/** Where a version came from, from its rows to its artifact, and what became of it. */
export function renderLineage(answer: unknown): string {
  const { version, run, frame, datasets, decisions, stages, serving } = Lineage.parse(answer);
  const examples = decisions.findLast(
    ({ kind, outcome }) => kind === 'production' && outcome.endsWith('_examples'),
  );
  const made = [
    ...datasets.map((d) => ['dataset', short(d.digest), `${d.source}, ${d.rows} rows`]),
    ...Object.entries(frame?.manifest.views ?? {}).map(([name, digest]) => ['features', short(digest), name]),
    ...(frame
      ? [
          [
            'frame',
            short(frame.digest),
            `${frame.manifest.train.rows} rows to train, ${frame.manifest.holdout.rows} held out${frame.manifest.splitAt ? ` from ${utcTime(frame.manifest.splitAt)}` : ''}`,
          ],
        ]
      : []),
    ...(examples ? [['wait', '–', examples.reason]] : []),
    ...(run
      ? [
          ['code', short(run.codeDigest), `seed ${run.seed}`],
          ['run', run.runId, run.status],
        ]
      : []),
    ['artifact', short(version.artifact), `version ${version.version}, now ${paint(version.stage)}`],
  ];
  const parts = [
    `${pc.bold(`${version.model} version ${version.version}`)}, requested by ${version.requestedBy}`,
    '',
    renderTable(['from', 'id', 'what'], made),
    '',
    renderTable(
      ['at', 'stage', 'by', 'reason'],
      stages.map((s) => [utcTime(s.at), paint(s.stage), s.actor, clip(s.reason, REASON_CHARS)]),
    ),
  ];
  if (serving.length === 0) return [...parts, '', pc.dim('It never served.')].join('\n');
  const periods = renderTable(
    ['served from', 'until', 'traffic', 'generation'],
    serving.map((p) => [
      utcTime(p.from),
      p.until === null ? 'now' : utcTime(p.until),
      p.shadow ? 'shadow' : `${p.weight} %`,
      p.generation,
    ]),
  );
  return [...parts, '', periods].join('\n');
}
