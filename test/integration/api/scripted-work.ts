import type { ArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import type { DataActivities } from '../../../src/contracts/activities/data.ts';
import type { RolloutActivities } from '../../../src/contracts/activities/rollout.ts';
import type { TrainingActivities } from '../../../src/contracts/activities/training.ts';
import type { ArmSamples } from '../../../src/domain/rollout-samples.ts';
import { withTransaction } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { writeRoute } from '../../../src/registry/routes.ts';
import { moveStage } from '../../../src/registry/versions.ts';
import { gateReportOf, writeGateReport, writeProduction } from '../registry/registry-fixture.ts';

/** What the tests of the API steer from outside. */
export interface Script {
  /** Requests that each arm of a rollout has had; 0 holds the rollout where it is. */
  requests: number;
  /** Trainings end when this does; left out, at once. */
  training?: Promise<void>;
}

/**
 * Data work, training and traffic as far as the API's tests need them: nothing is computed, but everything that the
 * registry is to know is written to it.
 */
export function scriptedWork(
  db: Database,
  store: ArtifactStore,
  script: Script,
): DataActivities & TrainingActivities & RolloutActivities {
  const arm = (version: number): ArmSamples => ({
    version,
    requests: script.requests,
    errors: 0,
    latencyMsP50: 1,
    latencyMsP99: 2,
    outcomes: {},
  });
  const produce = async (ref: { model: string; environment: string; version: number }) => {
    const bytes = Buffer.from(`model file of ${ref.model} ${String(ref.version)}`);
    const { digest: artifact } = await store.putBytes(bytes);
    return writeProduction(db, ref, { artifact });
  };
  return {
    ingestSource: async ({ source }) => ({ source, dataset: null, rows: 0, newRows: 0, quarantined: [] }),
    materialiseFeatures: async () => ({ views: [], onlineRows: 0, frozen: [] }),
    countNewExamples: async () => ({ training: 0, heldOut: 0 }),
    buildFrame: async (ref) => ({ frame: (await produce(ref)).frame, trainRows: 80, holdoutRows: 20 }),
    async train(ref) {
      await script.training;
      return { ...(await produce(ref)).training, runId: `run-${ref.model}${String(ref.version)}` };
    },
    evaluateVersion: async (ref) => ({ evaluationId: (await produce(ref)).evaluationId, metrics: {} }),
    async assessGates({ version, champion, ...ref }) {
      const report = gateReportOf(version, champion);
      await writeGateReport(db, ref, report);
      return report;
    },
    computeFindings: async () => null,
    setRoute: (input) => withTransaction(db, (tx) => writeRoute(tx, input)),
    awaitRoute: async () => ({ gateways: 1 }),
    async measureRollout({ champion, challenger, generation }) {
      const now = Date.now();
      return {
        generation,
        since: now - 60_000,
        measuredAt: now,
        champion: champion === null ? null : arm(champion),
        challenger: arm(challenger),
        shadow: null,
      };
    },
    verifyLoadable: async () => ({ loadMs: 1 }),
    promoteChampion: ({ model, environment, key, version, from, reason, actor }) =>
      withTransaction(db, async (tx) => {
        const ref = { model, environment };
        if (from !== null) await moveStage(tx, { ...ref, version: from, stage: 'retired', reason, actor });
        await moveStage(tx, { ...ref, version, stage: 'champion', reason, actor });
        await tx.query(
          `INSERT INTO aliases (model, environment, alias, version) VALUES ($1, $2, 'champion', $3)
           ON CONFLICT (model, environment, alias) DO UPDATE SET version = $3, set_at = now()`,
          [model, environment, version],
        );
        const weights = [{ version, weight: 100 }];
        return writeRoute(tx, { ...ref, key, weights, shadow: [], reason, actor });
      }),
  };
}
