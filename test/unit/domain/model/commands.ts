import fc from 'fast-check';
import type { FindingAction } from '../../../../src/domain/finding.ts';
import { applyFindings, incidentClosed } from '../../../../src/domain/lifecycle/findings.ts';
import type { EffectLane } from '../../../../src/domain/lifecycle/effects.ts';
import {
  checkPause,
  checkResume,
  pauseLifecycle,
  resumeLifecycle,
} from '../../../../src/domain/lifecycle/pause.ts';
import { beginRollback, checkRollback } from '../../../../src/domain/lifecycle/rollbacks.ts';
import { applyTrigger } from '../../../../src/domain/lifecycle/triggers.ts';
import type { TriggerSource } from '../../../../src/domain/trigger.ts';
import type { Verdict } from '../../../../src/domain/verdict.ts';
import { systemActor } from '../../../../src/domain/actor.ts';
import { ADA, EMIL, finding, MIRA, OTTO, trigger } from '../../../workflows/builders.ts';
import { verify } from './invariants.ts';
import { POLICIES } from './policies.ts';
import { endRevalidation, loseRevalidation, revalidate } from './revalidations.ts';
import { must } from './reference.ts';
import type { Reference } from './reference.ts';
import { answer, flow, vote } from './settle.ts';
import type { World } from './world.ts';

type Step = (world: World, model: Reference) => void;
export type Command = fc.Command<Reference, World>;

const PEOPLE = [ADA, EMIL, MIRA, OTTO] as const;
const LANES: readonly EffectLane[] = [
  'production',
  'promotion',
  'serving',
  'records',
  'incidents',
  'messages',
];
const by = { actor: OTTO, reason: 'r' };

function command(
  name: string,
  step: Step,
  check: (model: Readonly<Reference>) => boolean = () => true,
): Command {
  return {
    check,
    run(model, world) {
      step(world, model);
      verify(world);
    },
    toString: () => name,
  };
}

const mostly = fc.integer({ min: 0, max: 7 }).map((n) => n > 0);
const often = fc.integer({ min: 0, max: 3 }).map((n) => n > 0);
const seldom = mostly.map((yes) => !yes);
const person = fc.constantFrom(...PEOPLE);
const verdict = fc.constantFrom<Verdict['kind']>(
  'pass',
  'pass',
  'pass',
  'overridden',
  'fail',
  'error',
  'insufficient_data',
);
const look = fc.constantFrom<Verdict['kind']>(
  'pass',
  'pass',
  'pass',
  'pass',
  'fail',
  'error',
  'insufficient_data',
);
const source = fc.constantFrom<TriggerSource>('api', 'webhook', 'schedule', 'finding');

const asks = fc.tuple(source, fc.nat(20), person).map(([from, n, requestedBy]) => {
  const key = `${from}-${String(n)}`;
  return command(`trigger(${key} by ${requestedBy.id})`, (world, model) => {
    const before = world.state;
    const known = model.accepted.has(key);
    const asked = trigger(key, { source: from, requestedBy });
    // Before the transition, which may start the production that serves it.
    const refused = model.paused && from === 'schedule';
    if (!known && !refused && !before.processedKeys.some((entry) => entry.key === key)) model.asked(asked);
    const { kind } = world.apply((state, context) => applyTrigger(state, asked, context));
    must(known || !refused || kind === 'refused', 'a schedule was taken while paused');
    if (known) must(world.state === before, 'a repeated trigger changed something');
  });
});

const carriesOut = fc
  .tuple(fc.constantFrom(...LANES), mostly)
  .map(([lane, works]) =>
    command(`carry_out(${lane}${works ? '' : ', in vain'})`, (world) => void world.carryOut(lane, works)),
  );

const flows = fc.constant(command('flow', (world) => flow(world)));

const answers = fc.constant(
  command('answer', (world) => {
    flow(world);
    answer(world);
  }),
);

/** Children go to their ends while the lifecycle hears nothing: its answers come late. */
const hurries = fc.constant(
  command('hurry', (world) => {
    for (let n = 0; n < 60; n += 1) {
      for (const version of [...world.promotions.keys()]) world.proceed(version);
      answer(world);
    }
  }),
);

const endsProduction = fc.tuple(mostly, often, fc.constantFrom(0, 0, 1, 3)).map(([works, judged, gpuHours]) =>
  command(
    `end_production(${works ? 'well' : 'badly'}${judged ? '' : ', undecided'}, ${String(gpuHours)} GPU hours)`,
    (world) => {
      const [version] = world.productions.keys();
      if (version === undefined) return;
      if (!judged) world.judge(version, 'error');
      world.endProduction(version, works, gpuHours * 3_600_000);
    },
  ),
);

const goesOn = fc.constant(
  command('go_on', (world) => {
    for (const version of world.productions.keys()) world.goOn(version);
  }),
);

const proceeds = fc.constant(
  command('proceed', (world) => {
    for (const version of [...world.promotions.keys()]) world.proceed(version);
  }),
);

const votes = fc.tuple(person, often, mostly).map(([actor, approve, fresh]) =>
  command(`vote(${actor.id}, ${approve ? 'yes' : 'no'}${fresh ? '' : ', on other evidence'})`, (world) => {
    for (const [version, { child }] of world.promotions) {
      const hash = fresh ? (child.approval?.evidenceHash ?? '') : 'other';
      vote(world, version, { actor, approve, hash });
    }
  }),
);

const looks = look.map((kind) =>
  command(`look(${kind})`, (world) => {
    for (const { child } of world.promotions.values()) child.rollout?.look(kind);
    world.advance(world.now);
  }),
);

const steers = fc
  .tuple(
    fc.constantFrom('pause', 'resume', 'abort', 'promote', 'resume'),
    fc.constantFrom(...PEOPLE, systemActor('ci')),
  )
  .map(([what, actor]) =>
    command(`${what}_rollout(${actor.id})`, (world, model) => {
      for (const [version, { child }] of world.promotions) {
        const taken = child.rollout?.steer(what, actor) ?? false;
        if (what !== 'promote' || !taken) continue;
        must(!actor.id.startsWith('system:'), 'automation promoted past the analysis');
        model.dossiers.get(version)!.saidPromote = true;
      }
    }),
  );

const evidence = fc.tuple(verdict, fc.boolean(), fc.option(person)).map(([kind, told, meanwhile]) =>
  command(
    `new_evidence(${kind}${told ? '' : ', silently'}, ${meanwhile?.id ?? 'nobody'} says no)`,
    (world) => {
      for (const [version, { child }] of world.promotions) {
        const hash = child.approval?.evidenceHash ?? '';
        world.judge(version, kind);
        if (!told) continue;
        child.evidenceChanged();
        // The gates are judged anew at once, and votes may come before they answer.
        world.proceed(version);
        if (meanwhile !== null && child.outcome === null)
          vote(world, version, { actor: meanwhile, approve: false, hash });
      }
    },
  ),
);

const revalidates = fc.tuple(fc.nat(3), person).map(([n, actor]) =>
  command(`revalidate(open version ${String(n)} by ${actor.id})`, (world) => {
    const open = [...world.registry.stages.keys()].filter((one) => world.registry.openStage(one) !== null);
    const version = open[n % open.length];
    if (version !== undefined) revalidate(world, version, actor);
  }),
);

const endsRevalidation = fc.oneof(verdict, fc.constantFrom('badly' as const, 'lost' as const)).map((how) =>
  command(`end_revalidation(${how})`, (world) => {
    const [version] = world.revalidations.keys();
    if (version === undefined) return;
    if (how === 'lost') loseRevalidation(world, version);
    else endRevalidation(world, version, how === 'badly' ? null : how);
  }),
);

const rollsBack = fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }).map((to) =>
  command(`roll_back(${to === undefined ? '' : `to ${String(to)}`})`, (world, model) => {
    const busy = ['waiting', 'running'].includes(world.state.rollback?.status ?? '');
    const { champion } = world.state;
    const earlier = world.state.formerChampions;
    const good = earlier.some((version) => !model.barred.has(version));
    const expected =
      champion !== null &&
      !busy &&
      (to === undefined ? good && !model.restored : to !== champion && earlier.includes(to));
    const refused = checkRollback(world.state, to);
    must((refused === null) === expected, `a rollback was ${refused === null ? 'taken' : 'refused'}`);
    if (refused !== null) return;
    model.commands += 1;
    if (to !== undefined) model.namedByPeople.add(to);
    const order = { to, ...by, automatic: false, incidentId: null };
    world.apply((state, context) => beginRollback(state, order, context));
  }),
);

let passes = 0;
const ACTIONS: readonly FindingAction[] = ['alert', 'retrain', 'rollback'];
const finds = fc
  .record({
    critical: fc.boolean(),
    status: fc.constantFrom('breach', 'breach', 'ok', 'error'),
    confirmed: mostly,
    actions: fc.subarray([...ACTIONS], { minLength: 1 }),
    late: seldom,
    monitor: fc.constantFrom('kpi', 'drift'),
    twice: seldom,
  })
  .map(({ critical, late, twice, monitor, ...parts }) =>
    command(`finding(${monitor}, ${parts.status}, ${parts.actions.join('+')})`, (world) => {
      const champion = world.state.champion ?? 0;
      const version = late ? Math.max(0, champion - 1) : champion;
      passes += 1;
      const severity = critical ? ('critical' as const) : ('warning' as const);
      const found = finding(monitor, version, { ...parts, severity });
      const report = { passId: String(passes), version, findings: [found] };
      world.apply((state, context) => applyFindings(state, report, context));
      const once = world.state;
      if (twice) world.apply((state, context) => applyFindings(state, report, context));
      must(world.state === once, 'a repeated report changed something');
    }),
  );

const closesIncident = fc.constant(
  command('close_incident', (world) => {
    const [id] = Object.values(world.state.incidents);
    if (id !== undefined) world.apply((state) => incidentClosed(state, id));
  }),
);

const pauses = fc.constant(
  command('pause', (world, model) => {
    must((checkPause(world.state) === null) === !model.paused, 'a pause was judged wrongly');
    if (model.paused) return;
    model.paused = true;
    model.commands += 1;
    world.apply((state, context) => pauseLifecycle(state, by, context));
  }),
);

const resumes = fc.constant(
  command('resume', (world, model) => {
    must((checkResume(world.state) === null) === model.paused, 'a resume was judged wrongly');
    if (!model.paused) return;
    model.paused = false;
    model.commands += 1;
    world.apply((state, context) => resumeLifecycle(state, by, context));
  }),
);

const passesTime = fc
  .oneof(
    { weight: 8, arbitrary: fc.nat(90) },
    { weight: 3, arbitrary: fc.integer({ min: 90, max: 9_000 }) },
    { weight: 1, arbitrary: fc.constant(61 * 24 * 60) },
  )
  .map((minutes) =>
    command(`time(${String(minutes)} min)`, (world) => world.advance(world.now + minutes * 60_000)),
  );

const delivers = seldom.map((twice) =>
  command(`deliver${twice ? ' twice' : ''}`, (world) => {
    const message = twice ? world.mail[0] : world.mail.shift();
    message?.();
  }),
);

const restarts = fc.constant(
  command('restart', (world) => {
    if (world.idle()) world.restart();
  }),
);

const terminates = fc.constant(
  command('terminate', (world) => {
    const [version] = [...world.productions.keys(), ...world.promotions.keys()];
    if (version !== undefined) world.terminate(version);
  }),
);

const cleansUp = fc.constant(command('clean_up', (world) => world.orphans.shift()?.fail()));

const appliesSpec = fc.nat(POLICIES.length - 1).map((n) =>
  command(`spec(${String(n + 1)})`, (world) => {
    world.policy = POLICIES[n]!;
    world.advance(world.now);
  }),
);

const breaks = fc.oneof(fc.constantFrom(0, 255), fc.nat(255)).map((bits) =>
  command(`broken(${bits.toString(2)})`, (world) => {
    world.broken = bits;
  }),
);

/** Every step that a story can take, more often those that carry it on. */
export const commands: fc.Arbitrary<Command>[] = (
  [
    [6, asks],
    [9, carriesOut],
    [5, flows],
    [16, answers],
    [3, hurries],
    [4, goesOn],
    [5, endsProduction],
    [5, proceeds],
    [6, votes],
    [9, looks],
    [2, steers],
    [3, evidence],
    [3, revalidates],
    [3, endsRevalidation],
    [3, rollsBack],
    [5, finds],
    [1, closesIncident],
    [1, pauses],
    [2, resumes],
    [3, passesTime],
    [4, delivers],
    [2, restarts],
    [1, terminates],
    [1, cleansUp],
    [1, appliesSpec],
    [3, breaks],
  ] as const
).flatMap(([weight, arbitrary]) => Array.from({ length: weight }, () => arbitrary));
