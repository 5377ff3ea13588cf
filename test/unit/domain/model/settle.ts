import type { Actor } from '../../../../src/domain/actor.ts';
import { applyFindings } from '../../../../src/domain/lifecycle/findings.ts';
import { resumeLifecycle } from '../../../../src/domain/lifecycle/pause.ts';
import { applyTrigger } from '../../../../src/domain/lifecycle/triggers.ts';
import { nextWake } from '../../../../src/domain/lifecycle/wake.ts';
import type { VersionStage } from '../../../../src/domain/version-stage.ts';
import { ADA, EMIL, finding, MIRA, OTTO, trigger } from '../../../workflows/builders.ts';
import { must } from './reference.ts';
import { endRevalidation, revalidate } from './revalidations.ts';
import type { World } from './world.ts';

const NORA = { id: 'nora', roles: ['ml-engineer'] } as const;
/** Far more than any story needs; a world that is not quiet by then runs in a circle. */
const MOST_ROUNDS = 3_000;
const DECIDED: ReadonlySet<VersionStage> = new Set([
  'champion',
  'retired',
  'failed',
  'rejected',
  'denied',
  'expired',
  'aborted',
  'rolled_back',
]);

/** All that happens by itself happens: effects, reports, children, but no person and no time. */
export function flow(world: World): void {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    if (!stir(world)) return void verifyAnswered(world);
  }
  must(false, 'it goes round in a circle');
}

function stir(world: World): boolean {
  let stirred = false;
  for (const lane of world.lanes.keys()) stirred = world.carryOut(lane, true) || stirred;
  const message = world.mail.shift();
  message?.();
  for (const version of [...world.promotions.keys()]) stirred = world.proceed(version) || stirred;
  return stirred || message !== undefined;
}

/** Everybody answers, everything works, and time passes, until nothing is under way any more. */
export function settle(world: World): void {
  world.broken = 0;
  const { reference } = world;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    if (stir(world)) continue;
    verifyAnswered(world);
    const orphan = world.orphans.shift();
    if (orphan !== undefined) orphan.fail();
    else if (reference.paused) {
      reference.paused = false;
      reference.commands += 1;
      world.apply((state, context) => resumeLifecycle(state, { actor: OTTO, reason: 'r' }, context));
    } else if (!answer(world)) {
      const next = nextWake(world.state, world.context());
      if (next === null) return;
      world.advance(next);
    }
  }
  must(false, `it never becomes quiet: ${JSON.stringify(world.state)}`);
}

/** People and trainers do what is asked of them. False when nothing is. */
export function answer(world: World): boolean {
  const [evaluated] = world.revalidations.keys();
  if (evaluated !== undefined) {
    endRevalidation(world, evaluated, 'pass');
    return true;
  }
  const [version] = world.productions.keys();
  if (version !== undefined) {
    world.goOn(version);
    world.endProduction(version, true);
    return true;
  }
  for (const [promoted, { child }] of world.promotions) {
    const { rollout, approval } = child;
    if (rollout?.state.paused) {
      rollout.steer('promote', EMIL);
      world.reference.dossiers.get(promoted)!.saidPromote = true;
      return true;
    }
    if (rollout?.nextLook != null) {
      rollout.look('pass');
      world.advance(world.now);
      return true;
    }
    if (approval?.status !== 'open') continue;
    const hash = approval.evidenceHash;
    const votes = [EMIL, MIRA, NORA].filter((actor) => vote(world, promoted, { actor, approve: true, hash }));
    if (votes.length > 0) return true;
    if (child.expiresAt !== null) world.advance(child.expiresAt);
    return child.expiresAt !== null;
  }
  return false;
}

/** Whether the vote is taken, which the reference expects of the same votes. */
export function vote(
  world: World,
  version: number,
  by: { actor: Actor; approve: boolean; hash: string },
): boolean {
  const { actor, approve, hash } = by;
  const expected = world.reference.takesVote(version, by, world.now);
  const decision = approve ? 'approve' : 'reject';
  const command = { actor, decision, reason: 'r', evidenceHash: hash } as const;
  const taken = world.promotions.get(version)?.child.vote(command) ?? false;
  must(taken === expected, `the vote was ${taken ? 'taken' : 'refused'}, and should not have been`);
  if (taken) world.reference.voted(version, by);
  return taken;
}

/** A version is asked for, and everybody answers until it is champion. */
export function makeChampion(world: World, key: string): void {
  const asked = trigger(key, { requestedBy: ADA });
  world.reference.asked(asked);
  world.apply((state, context) => applyTrigger(state, asked, context));
  settle(world);
  const newest = world.registry.stages.size;
  must(world.state.champion === newest, `version ${String(newest)} could not become champion`);
}

/** Where everybody has been heard, a version that was to be validated again is evaluated, waits its turn, or was judged. */
function verifyAnswered({ state, registry, reference }: World): void {
  for (const version of reference.unanswered) {
    const stage = registry.stages.get(version) ?? 'producing';
    const inHand = [state.revalidation?.version, state.waitingCandidate?.version].includes(version);
    must(inHand || DECIDED.has(stage), `version ${String(version)} is ${stage}, and nothing judges it again`);
  }
}

/** Where nothing is under way, everything that was accepted has an outcome on record, and the champion serves alone. */
export function verifyQuiet(world: World): void {
  const { state, registry, reference } = world;
  const busy = [
    state.starting,
    state.production,
    state.promotion,
    state.revalidation ?? null,
    state.waitingCandidate,
    state.waitingTrigger,
  ];
  must(
    busy.every((one) => one === null),
    'something is left under way',
  );
  must(!['waiting', 'running'].includes(state.rollback?.status ?? ''), 'a rollback is left under way');
  if (registry.champion !== null) {
    const alone = registry.route.weights.length === 1 && registry.route.shadow.length === 0;
    must(
      alone && registry.route.weights[0]?.version === registry.champion,
      'the champion does not serve alone',
    );
  }
  const decisions = [...registry.decisions.values()];
  for (const [version, stage] of registry.stages) {
    const ends = decisions.filter(
      (one) => one.version === version && one.kind !== 'trigger' && one.kind !== 'revalidation',
    );
    must(ends.length > 0, `version ${String(version)} is ${stage}, and no decision says why`);
    const outcomes = ends.filter(({ kind, outcome }) => kind === 'promotion' && outcome !== 'champion');
    const promotions = reference.promotions.get(version) ?? 0;
    // A version that was given up with its promotion has ended: another one that was under way is refused its stages.
    const lost = outcomes.some(({ decisionId }) => decisionId.endsWith('/lost'));
    must(
      lost || outcomes.length >= promotions,
      `a promotion of version ${String(version)} has no outcome on record`,
    );
    const reigned = reference.reigns.includes(version) && stage !== 'rolled_back';
    const explained = reigned || ends.some(({ outcome }) => outcome !== 'passed' && outcome !== 'champion');
    must(explained, `version ${String(version)} is ${stage}, and every decision says that it passed`);
    // Gates without an answer end a promotion and leave its version where it was, for people to look at.
    const undecided =
      (stage === 'candidate' || stage === 'validated') && ends.some(({ outcome }) => outcome === 'failed');
    must(DECIDED.has(stage) || undecided, `version ${String(version)} is left ${stage}`);
  }
  const answered = new Set(
    decisions.flatMap(({ evidence }) => {
      const { trigger: asked, absorbed = [] } = evidence as {
        trigger?: { key: string };
        absorbed?: string[];
      };
      return asked === undefined ? [] : [asked.key, ...absorbed];
    }),
  );
  for (const key of reference.accepted) must(answered.has(key), `nothing is on record about trigger ${key}`);
  const commanded = decisions.filter(
    ({ kind, outcome, evidence }) =>
      kind === 'pause' ||
      kind === 'resume' ||
      (kind === 'rollback' && evidence['automatic'] === false) ||
      (kind === 'revalidation' && outcome === 'started'),
  );
  must(
    commanded.length === reference.commands,
    `${String(commanded.length)} decisions about ${String(reference.commands)} commands`,
  );
}

/** From here a drift is still answered, a candidate that was left is decided on, and a new version becomes champion. */
export function verifyAlive(world: World): void {
  const { champion } = world.state;
  if (champion !== null) {
    const found = finding('alive', champion, { actions: ['retrain'] });
    const report = { passId: 'alive', version: champion, findings: [found] };
    world.apply((state, context) => applyFindings(state, report, context));
    const { episode, starting, waitingTrigger } = world.state;
    const stopped = episode !== null && episode.stoppedAt !== null;
    must(stopped || starting !== null || waitingTrigger !== null, 'a drift is not answered any more');
    settle(world);
  }
  const [left] = [...world.registry.stages].find(([, stage]) => stage === 'candidate') ?? [];
  if (left !== undefined) {
    revalidate(world, left, OTTO);
    settle(world);
    const stage = world.registry.stages.get(left) ?? 'producing';
    must(DECIDED.has(stage), `version ${String(left)} is ${stage}, and validating it again leaves it so`);
  }
  makeChampion(world, 'the-last-one');
  verifyQuiet(world);
}
