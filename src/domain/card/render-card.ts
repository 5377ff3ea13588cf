import { MAX_OFFENDING_ROWS } from '../gates/assess-other-gates.ts';
import type { GateResult } from '../gate-report.ts';
import type { JudgedMetrics, MetricValues } from '../gates/judged-metrics.ts';
import { visibleText } from '../visible-text.ts';
import type { CardFacts } from './card-facts.ts';

const BYTES_PER_MIB = 2 ** 20;

/** Text for a table cell or a line: no line breaks, nothing that Markdown or HTML would act on. */
function plain(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return visibleText(text)
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_[\]<>|~]|&(?=#?\w+;)/g, (character) => `\\${character}`)
    .trim()
    .replace(/^(?=[-+=#])/, '\\')
    .replace(/^\d+(?=[.)])/, '$&\\');
}

/** Code on one line, also in the cell of a table. */
function code(value: string): string {
  const line = visibleText(value).replaceAll(/\s+/g, ' ').trim();
  return `\`${line.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return ['none'];
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ];
}

function number(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
}

function section(title: string, lines: readonly string[]): string[] {
  return ['', `## ${title}`, '', ...lines];
}

function metricRows(slice: string, count: number, values: MetricValues, champion: MetricValues | undefined) {
  return Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([metric, value]) => [
      plain(slice),
      String(count),
      plain(metric),
      number(value),
      champion ? number(champion[metric]) : '–',
    ]);
}

function metrics(own: JudgedMetrics, champion: JudgedMetrics | null): string[][] {
  return [
    ...metricRows('overall', own.count, own.overall, champion?.overall),
    ...own.slices.flatMap((slice) =>
      metricRows(
        slice.name,
        slice.count,
        slice.metrics,
        champion?.slices.find((other) => other.name === slice.name)?.metrics,
      ),
    ),
  ];
}

function gateLines(gate: GateResult): string[] {
  const rows = Array.isArray(gate.evidence['rows']) ? (gate.evidence['rows'] as unknown[]) : [];
  const shown = rows.slice(0, MAX_OFFENDING_ROWS).map((row) => `  - ${plain(row)}`);
  const { rows: _rows, ...evidence } = gate.evidence;
  return [
    `- **${plain(gate.gate)}** (${gate.type}): **${gate.verdict.kind}**, ${plain(gate.verdict.reason)}`,
    ...(Object.keys(evidence).length === 0 ? [] : [`  - evidence: ${plain(evidence)}`]),
    ...shown,
  ];
}

function trainingLines(facts: CardFacts): string[] {
  const { run } = facts;
  if (!run) return ['no run is recorded'];
  const rows = [
    ['run', code(run.runId)],
    ['command', code(run.command.join(' '))],
    ['parameters', plain(run.parameters)],
    ['seed', String(run.seed)],
    ['device', plain(run.device ?? 'not reported')],
    ['environment', plain(run.runtime)],
    ['code', run.codeDigest === null ? 'not recorded' : code(run.codeDigest)],
    ['frame', facts.frame === null ? 'not recorded' : code(facts.frame)],
    ['started', run.startedAt],
    ['finished', run.finishedAt ?? '–'],
  ];
  return table(['', ''], rows);
}

function evaluationLines(facts: CardFacts): string[] {
  if (!facts.evaluation) return ['no evaluation is recorded'];
  const { champion } = facts;
  const heading = champion ? `champion (version ${champion.version}, on its own holdout)` : 'champion';
  const { latencyMsP99: latency, latencySamples } = facts.evaluation;
  return [
    `Evaluation ${code(facts.evaluation.id)} on the held-out newest examples.${champion ? '' : ' There was no champion to compare with.'}`,
    '',
    ...table(
      ['slice', 'rows', 'metric', 'value', heading],
      metrics(facts.evaluation.metrics, champion?.metrics ?? null),
    ),
    '',
    `Latency of one prediction, p99: ${latency === null ? 'not measured' : `${number(latency)} ms over ${latencySamples} samples`}.`,
  ];
}

function gateSection(facts: CardFacts): string[] {
  if (!facts.gates) return ['not judged yet'];
  const { gates } = facts;
  return [
    `Overall: **${gates.verdict.kind}**, ${plain(gates.verdict.reason)}. Evidence ${code(gates.evidenceHash)}.`,
    '',
    ...gates.gates.flatMap(gateLines),
  ];
}

/** The model card as Markdown. Equal facts give equal text. */
export function renderCard(facts: CardFacts): string {
  const size = facts.artifact.sizeBytes;
  const lines = [
    `# ${plain(facts.model)} version ${facts.version} (${plain(facts.environment)})`,
    '',
    `Stage: **${facts.stage}**. Artifact ${facts.artifact.digest === null ? 'none' : code(facts.artifact.digest)}${size === null ? '' : `, ${number(size / BYTES_PER_MIB)} MiB`}. Spec revision ${facts.specRevision}.`,
    ...(facts.warnings.length === 0
      ? []
      : ['', ...facts.warnings.map((warning) => `> **Warning:** ${plain(warning)}`)]),
    ...section('Intended use', [
      plain(facts.description),
      '',
      `Owner: ${plain(facts.owner.team)}${facts.owner.email === null ? '' : ` (${plain(facts.owner.email)})`}. ${Object.entries(
        facts.labels,
      )
        .map(([key, value]) => `${plain(key)}: ${plain(value)}.`)
        .join(' ')}`.trim(),
      '',
      `Requested by ${plain(facts.trigger.requestedBy)} (${plain(facts.trigger.source)}): ${plain(facts.trigger.reason)}`,
    ]),
    ...section(
      'Data',
      table(
        ['source', 'dataset', 'rows', 'read up to'],
        facts.datasets.map((dataset) => [
          plain(dataset.source),
          code(dataset.digest),
          String(dataset.rows),
          plain(dataset.watermark?.to ?? '–'),
        ]),
      ),
    ),
    ...section(
      'Features',
      table(
        ['feature', 'meaning'],
        facts.features.map((feature) => [plain(feature.name), plain(feature.meaning)]),
      ),
    ),
    ...section('Training', trainingLines(facts)),
    ...section('Evaluation', evaluationLines(facts)),
    ...section('Gates', gateSection(facts)),
    ...section(
      'Decisions',
      table(
        ['when', 'what', 'outcome', 'who', 'why'],
        facts.decisions.map((decision) => [
          decision.at,
          plain(decision.kind),
          plain(decision.outcome),
          plain(decision.actor),
          plain(decision.reason),
        ]),
      ),
    ),
  ];
  return `${lines.join('\n')}\n`;
}
