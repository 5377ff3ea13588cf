import type { ArtifactStore } from '../src/artifacts/artifact-store.ts';
import type { ControlActivities } from '../src/contracts/activities/control.ts';
import { PerennialError } from '../src/errors/define-error.ts';
import { VERSION_INCOMPLETE } from '../src/errors/registry-errors.ts';
import { cardFacts } from '../src/registry/card-facts.ts';
import { withTransaction } from '../src/registry/database.ts';
import type { Database } from '../src/registry/database.ts';
import { recordDecision } from '../src/registry/decisions.ts';
import { openIncident, setIncidentStatus } from '../src/registry/incidents.ts';
import { adoptEvaluation, loadCandidate } from '../src/registry/revalidation.ts';
import { lifecyclePolicy, loadSpecRecord } from '../src/registry/specs.ts';
import { servedSources } from '../src/registry/specs-in-use.ts';
import { allocateVersion, registerVersion, setCard } from '../src/registry/version-production.ts';
import { getVersion, moveStage } from '../src/registry/versions.ts';
import { renderCard } from '../src/domain/card/render-card.ts';

export interface RegistryActivityDependencies {
  readonly db: Database;
  readonly artifacts: Pick<ArtifactStore, 'putJson' | 'has'>;
}

/** The registry's part of the control queue. Each call is one transaction with its audit event, and safe to repeat. */
export function createRegistryActivities(
  deps: RegistryActivityDependencies,
): Omit<ControlActivities, 'notify'> {
  const { db, artifacts } = deps;
  return {
    loadPolicy: async (input) => lifecyclePolicy(await loadSpecRecord(db, input)),
    loadServedSources: (input) => servedSources(db, input),
    allocateVersion: async (input) => ({
      version: await withTransaction(db, (tx) => allocateVersion(tx, input)),
    }),
    async registerVersion(input) {
      const { artifact } = input.training;
      if (!(await artifacts.has(artifact))) {
        const text = `version ${input.version} of ${input.model}: the artifact ${artifact} is not in the store`;
        throw new PerennialError(VERSION_INCOMPLETE, text, {
          problems: [{ path: 'artifact', message: 'is not in the store' }],
        });
      }
      await withTransaction(db, (tx) => registerVersion(tx, input));
    },
    async writeCard(input) {
      const known = (await getVersion(db, input)).card;
      if (known !== null) return { digest: known };
      const facts = await cardFacts(db, input);
      const { digest } = await artifacts.putJson({ facts, markdown: renderCard(facts) });
      return { digest: await withTransaction(db, (tx) => setCard(tx, input, digest)) };
    },
    loadCandidate: (input) => loadCandidate(db, input),
    adoptEvaluation: (input) => withTransaction(db, (tx) => adoptEvaluation(tx, input)),
    setStage: (input) => withTransaction(db, (tx) => moveStage(tx, input)),
    recordDecision: (input) => withTransaction(db, (tx) => recordDecision(tx, input)),
    openIncident: (input) => withTransaction(db, (tx) => openIncident(tx, input)),
    setIncidentStatus: (input) => withTransaction(db, (tx) => setIncidentStatus(tx, input)),
  };
}
