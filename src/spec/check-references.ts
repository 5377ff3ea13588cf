import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import { nearestName } from '../domain/nearest-name.ts';
import { span } from '../domain/monitors/judgement.ts';
import { allows, rolesThatAllow } from '../domain/permissions.ts';
import { effectiveSpec } from '../domain/spec/effective-spec.ts';
import { cronProblem, SHORTEST_INTERVAL_MS, timezoneProblem } from './check-schedule.ts';
import { metricNames } from './spec-names.ts';

interface ReferenceProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

interface SectionProblem extends ReferenceProblem {
  readonly path: readonly [section: keyof ModelSpec, ...PropertyKey[]];
}

/** "`problem`; did you mean …? There are …", as far as there is something to say. */
function withKnown(problem: string, found: string, known: readonly string[]): string {
  const near = nearestName(found, known);
  const hint = near ? `; did you mean "${near}"?` : '.';
  return `${problem}${hint}${known.length > 0 ? ` There are ${[...known].sort().join(', ')}` : ''}`;
}

const unknownName = (what: string, found: string, known: readonly string[]): string =>
  withKnown(`${what} "${found}" is not declared`, found, known);

/**
 * What the schema cannot say: names that must exist elsewhere in the spec, and numbers that must fit together; in the
 * general sections, and in those that each environment puts in their place.
 */
export function checkReferences(spec: ModelSpec): ReferenceProblem[] {
  const replaced = Object.keys(spec.environments).flatMap((environment) => {
    const effective = effectiveSpec(spec, environment);
    return checkSections(effective)
      .filter(({ path: [section] }) => effective[section] !== spec[section])
      .map(({ path, message }) => ({ path: ['environments', environment, ...path], message }));
  });
  return [...checkSections(spec), ...replaced];
}

/** Roles that may never decide would leave every version waiting until it expires. */
function checkApproval({ approval }: ModelSpec): SectionProblem[] {
  return (approval?.roles ?? []).flatMap((role, index) => {
    if (allows({ id: '', roles: [role] }, 'version.decide')) return [];
    const may = rolesThatAllow('version.decide').join(', ');
    return [
      { path: ['approval', 'roles', index], message: `"${role}" may not decide on versions; ${may} may` },
    ];
  });
}

/** What the schedules of the spec ask for, and Temporal would refuse once the spec is stored. */
function checkSchedules(spec: ModelSpec): SectionProblem[] {
  const problems: SectionProblem[] = [];
  const refuse = (message: string | null, ...path: SectionProblem['path']): void => {
    if (message !== null) problems.push({ path, message });
  };
  const tooShort = (ms: number): string | null =>
    ms < SHORTEST_INTERVAL_MS ? `a schedule fires once a second at most, found ${String(ms)} ms` : null;
  const { schedule } = spec.retraining;
  if (schedule !== undefined && 'every' in schedule)
    refuse(tooShort(schedule.every), 'retraining', 'schedule', 'every');
  if (schedule !== undefined && 'cron' in schedule) {
    refuse(cronProblem(schedule.cron), 'retraining', 'schedule', 'cron');
    refuse(timezoneProblem(schedule.timezone), 'retraining', 'schedule', 'timezone');
  }
  refuse(tooShort(spec.monitoring.every), 'monitoring', 'every');
  if (spec.features.refresh) refuse(tooShort(spec.features.refresh.every), 'features', 'refresh', 'every');
  return problems;
}

function checkSections(spec: ModelSpec): SectionProblem[] {
  const problems = [...checkSchedules(spec), ...checkApproval(spec)];
  const views = Object.keys(spec.features.views);
  const sources = Object.keys(spec.sources);
  const outcomes = Object.keys(spec.serving.outcomes);

  const seen = new Set<string>();
  spec.training.features.forEach((reference, index) => {
    const path: SectionProblem['path'] = ['training', 'features', index];
    const dot = reference.indexOf('.');
    const [view, column] = [reference.slice(0, dot), reference.slice(dot + 1)];
    const declared = Object.hasOwn(spec.features.views, view) ? spec.features.views[view] : undefined;
    if (!declared) problems.push({ path, message: unknownName('view', view, views) });
    else if (!Object.hasOwn(declared.columns, column))
      problems.push({
        path,
        message: unknownName(`column of ${view}`, column, Object.keys(declared.columns)),
      });
    if (seen.has(reference)) problems.push({ path, message: `"${reference}" is listed twice` });
    seen.add(reference);
  });

  const attributes = [...spec.training.spine.attributes, ...spec.training.spine.keys];
  spec.evaluation.slices.forEach((slice, index) => {
    if (!attributes.includes(slice))
      problems.push({
        path: ['evaluation', 'slices', index],
        message: unknownName('attribute of the spine', slice, attributes),
      });
  });

  for (const [name, source] of Object.entries(spec.sources)) {
    source.expectations.forEach((expectation, index) => {
      if (expectation.expect === 'references' && !sources.includes(expectation.source))
        problems.push({
          path: ['sources', name, 'expectations', index, 'source'],
          message: unknownName('source', expectation.source, sources),
        });
    });
  }

  const checkOutcome = (outcome: string, path: SectionProblem['path']): void => {
    if (!outcomes.includes(outcome))
      problems.push({ path, message: unknownName('outcome of serving', outcome, outcomes) });
  };
  const late = (outcome: string, ms: number, setting: string): string | null => {
    const { delay } = spec.serving.outcomes[outcome] ?? { delay: 0 };
    if (delay === 0 || delay < ms) return null;
    return `"${outcome}" may come ${span(delay)} after its request, and ${setting} is ${span(ms)}: it would never be known; make that longer`;
  };
  spec.rollout.analysis.forEach((metric, index) => {
    if (metric.metric !== 'outcome') return;
    const { duration, maxDuration } = spec.rollout.step;
    const never = late(metric.outcome, Math.max(duration, maxDuration), 'rollout.step.maxDuration');
    if (never !== null) problems.push({ path: ['rollout', 'analysis', index, 'outcome'], message: never });
    const path: SectionProblem['path'] = ['rollout', 'analysis', index, 'outcome'];
    checkOutcome(metric.outcome, path);
    if (spec.serving.outcomes[metric.outcome]?.type === 'number')
      problems.push({
        path,
        message: `"${metric.outcome}" is a number, and a rollout compares how often a boolean outcome is true; watch it by a monitor instead, or declare a boolean one`,
      });
  });
  const monitorNames = new Set<string>();
  spec.monitoring.monitors.forEach((monitor, index) => {
    const path: SectionProblem['path'] = ['monitoring', 'monitors', index];
    if (monitorNames.has(monitor.name))
      problems.push({ path: [...path, 'name'], message: `monitor "${monitor.name}" is declared twice` });
    monitorNames.add(monitor.name);
    if ('outcome' in monitor) checkOutcome(monitor.outcome, [...path, 'outcome']);
    const never =
      monitor.type === 'kpi'
        ? late(monitor.outcome, spec.rollout.bake.duration, 'rollout.bake.duration')
        : null;
    if (never !== null)
      problems.push({
        path: [...path, 'outcome'],
        message: `${never}. A kpi compares with what the bake measured`,
      });
    if (monitor.type === 'feature-drift')
      monitor.features?.forEach((feature, at) => {
        const { features } = spec.training;
        if (!features.includes(feature))
          problems.push({
            path: [...path, 'features', at],
            message: unknownName('feature of training', feature, features),
          });
      });
    const candidate = spec.serving.rank?.candidate ?? [];
    if (monitor.type === 'concentration' && !candidate.includes(monitor.by))
      problems.push({
        path: [...path, 'by'],
        message: unknownName('key of serving.rank.candidate', monitor.by, candidate),
      });
    if (monitor.type === 'freshness' && !sources.includes(monitor.source))
      problems.push({ path: [...path, 'source'], message: unknownName('source', monitor.source, sources) });
  });
  if (spec.monitoring.breaches.k > spec.monitoring.breaches.n)
    problems.push({
      path: ['monitoring', 'breaches', 'k'],
      message: `k = ${spec.monitoring.breaches.k} cannot be more than n = ${spec.monitoring.breaches.n}`,
    });

  const { task, groupBy, recommendations } = spec.evaluation;
  const metrics = metricNames(task, { groupBy, recommendations: recommendations !== undefined });
  const gateNames = new Set<string>();
  spec.gates.forEach((gate, index) => {
    if (gateNames.has(gate.name))
      problems.push({ path: ['gates', index, 'name'], message: `gate "${gate.name}" is declared twice` });
    gateNames.add(gate.name);
    if (
      gate.type === 'metric' &&
      gate.min === undefined &&
      gate.max === undefined &&
      gate.vsChampion === undefined
    )
      problems.push({
        path: ['gates', index],
        message: `gate "${gate.name}" has no threshold: give min, max or vsChampion`,
      });
    if (gate.type === 'metric' && !metrics.includes(gate.metric))
      problems.push({
        path: ['gates', index, 'metric'],
        message: withKnown(
          `no metric of a ${task} evaluation is called "${gate.metric}"`,
          gate.metric,
          metrics,
        ),
      });
    if (gate.type === 'efficiency' && gate.maxLatencyMsP99 === undefined && gate.maxSizeBytes === undefined)
      problems.push({
        path: ['gates', index],
        message: `gate "${gate.name}" has no threshold: give maxLatencyMsP99 or maxSizeBytes`,
      });
  });

  const weights = spec.rollout.weights;
  weights.forEach((weight, index) => {
    const before = weights[index - 1];
    if (before !== undefined && weight <= before)
      problems.push({
        path: ['rollout', 'weights', index],
        message: `weights must grow: ${weight} follows ${before}`,
      });
  });
  if (weights.at(-1) !== 100)
    problems.push({
      path: ['rollout', 'weights'],
      message: `the last weight must be 100, found ${weights.at(-1)}`,
    });
  return problems;
}
