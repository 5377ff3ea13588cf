import {
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { LifecyclePolicy } from '../src/contracts/activities/control.ts';
import type { LifecycleInput } from '../src/contracts/workflows/lifecycle.ts';
import { specAppliedSignal } from '../src/contracts/workflows/lifecycle.ts';
import { initialLifecycle } from '../src/domain/lifecycle/state.ts';
import type { LifecycleState } from '../src/domain/lifecycle/state.ts';
import type { LifecycleContext, Transition } from '../src/domain/lifecycle/transition.ts';
import { nextWake, wake } from '../src/domain/lifecycle/wake.ts';
import { MODEL_NOT_FOUND } from '../src/errors/lifecycle-errors.ts';
import { loadPolicy } from './activity-proxies.ts';
import { refuse } from './failures.ts';
import { probeChildren } from './lifecycle/children.ts';
import { describeLifecycle } from './lifecycle/describe.ts';
import { createEffectRunner } from './lifecycle/effect-runner.ts';
import { listen } from './lifecycle/messages.ts';
import { createStatus } from './status.ts';

/** A lifecycle in this run of the workflow. Every change goes through `apply` with a pure transition. */
export interface LifecycleRun {
  readonly input: LifecycleInput;
  state: LifecycleState;
  policy: LifecyclePolicy | null;
  /** Waits for the policy and tells a transition what it may know. */
  context(): Promise<LifecycleContext>;
  policyNow(): LifecyclePolicy;
  /**
   * The policy of the newest revision that was announced. What begins after a spec was applied begins under it, also
   * where a lost worker keeps it from loading for a while.
   */
  newestPolicy(): Promise<LifecyclePolicy>;
  /** Takes the state when it changes it: one that was read before an `await` would undo what happened meanwhile. */
  apply<Answer>(change: (state: LifecycleState) => Transition<Answer>): Answer;
}

/**
 * The life of one model in one environment, for ever: takes triggers, runs at most one production and one
 * promotion at a time, is the only writer of the champion, and acts on findings. It carries itself on under a
 * new history when the old one grows long; its children live on and report by signal.
 */
export async function modelLifecycle(input: LifecycleInput): Promise<void> {
  const { model, environment } = input;
  const show = createStatus(input);
  let changes = 0;
  const run: LifecycleRun = {
    input,
    // A field that is newer than the state carried over begins as in a new lifecycle.
    state: { ...initialLifecycle(), ...input.state },
    policy: null,
    async context() {
      await condition(() => run.policy !== null);
      return contextOf(run);
    },
    policyNow() {
      if (run.policy === null) throw refuse(MODEL_NOT_FOUND, `The policy of ${model} is not loaded.`);
      return run.policy;
    },
    async newestPolicy() {
      const isNewest = (): boolean => run.policy !== null && run.policy.specRevision >= newestRevision;
      if (!isNewest()) await condition(isNewest);
      return run.policyNow();
    },
    apply(change) {
      const transition = change(run.state);
      run.state = transition.state;
      changes += 1;
      show(...describeLifecycle(run.state, input));
      for (const effect of transition.effects) effects.carryOut(effect);
      return transition.answer;
    },
  };
  const effects = createEffectRunner(run);
  let newestRevision = 0;
  setHandler(specAppliedSignal, ({ revision }) => {
    newestRevision = Math.max(newestRevision, revision);
    changes += 1;
  });
  listen(run);
  show(...describeLifecycle(run.state, input));

  run.policy = await loadPolicy({ model, environment });
  if (input.state !== undefined) probeChildren(run);
  for (;;) {
    while (run.policy.specRevision < newestRevision) {
      const announced = newestRevision;
      run.policy = await loadPolicy({ model, environment });
      // A registry that was put back to an earlier day may not have it. One announced meanwhile is still to be loaded.
      if (newestRevision === announced) newestRevision = Math.min(announced, run.policy.specRevision);
      log.info('spec applied', { revision: run.policy.specRevision });
    }
    const { specRevision } = run.policy;
    if (run.state.specRevision !== specRevision) run.state = { ...run.state, specRevision };
    run.apply((state) => wake(state, contextOf(run)));
    const seen = changes;
    const wakeAt = nextWake(run.state, contextOf(run));
    const happened = (): boolean => changes !== seen || mayCarryOn();
    if (wakeAt === null) await condition(happened);
    else await condition(happened, Math.max(1, wakeAt - Date.now()));
    if (mayCarryOn()) await continueAsNew<typeof modelLifecycle>({ model, environment, state: run.state });
  }

  function mayCarryOn(): boolean {
    return workflowInfo().continueAsNewSuggested && effects.idle() && allHandlersFinished();
  }
}

function contextOf(run: LifecycleRun): LifecycleContext {
  const { model, environment } = run.input;
  return { model, environment, retraining: run.policyNow().retraining, now: Date.now() };
}
