import type { z } from 'zod';
import { createApiClient } from '../../src/cli/api-client.ts';
import type { ApiClient } from '../../src/cli/api-client.ts';
import { readTrainerFiles } from '../../src/cli/commands/apply.ts';
import {
  ApplyAnswer,
  DecideAnswerBody,
  GateReportAnswer,
  ModelStatus,
  NewTokenAnswer,
  TriggerAnswerBody,
  Version,
} from '../../src/contracts/api/answers.ts';
import type { GateReport } from '../../src/domain/gate-report.ts';
import type { RoleName } from '../../src/domain/role.ts';
import { isPerennialError } from '../../src/errors/define-error.ts';
import { listIn } from '../../src/cli/list-in.ts';
import { loadSpec } from '../../src/spec/load-spec.ts';
import { until } from './until.ts';

const PATIENCE_MS = 90_000;

/** Somebody with a token, who acts only through the public API, and tries again when it is away. */
export interface Person {
  readonly name: string;
  readonly token: string;
  readonly api: ApiClient;
  apply(specFile: string): Promise<ApplyAnswer>;
  trigger(model: string, reason: string, key: string): Promise<void>;
  gates(model: string, version: number): Promise<GateReport | null>;
  /** Approves on the newest evidence; done also when an answer got lost and the vote had counted. */
  approve(model: string, version: number, reason: string): Promise<string>;
  /** Rejects on the newest evidence; the refusal's code when it came too late. */
  reject(model: string, version: number, reason: string): Promise<string>;
  status(model: string): Promise<ModelStatus>;
  version(model: string, version: number): Promise<z.infer<typeof Version>>;
  /** Lets a rollout that paused go on; done also when somebody else had. */
  resumeRollout(model: string, version: number, reason: string): Promise<void>;
  acknowledge(incidentId: string, reason: string): Promise<void>;
}

const path = (model: string, ...rest: readonly (string | number)[]): string =>
  ['/v1/models', encodeURIComponent(model), ...rest].join('/');

/** Repeats a call that may be repeated until the server gives an answer other than "later". */
async function insist<T>(what: string, call: () => Promise<T>): Promise<T> {
  return until(what, PATIENCE_MS, async () => {
    try {
      return { answer: await call() };
    } catch (error) {
      if (isPerennialError(error) && error.retry === 'never') return { refusal: error };
      throw error;
    }
  }).then((outcome) => {
    if ('refusal' in outcome) throw outcome.refusal;
    return outcome.answer;
  });
}

export function createPerson(name: string, url: string, token: string): Person {
  const api = createApiClient(url, token);
  const gates: Person['gates'] = async (model, version) => {
    const reports = listIn(
      'reports',
      GateReportAnswer,
      await insist('gates', () => api.get(path(model, 'versions', version, 'gates'))),
    );
    return reports.at(-1)?.report ?? null;
  };
  return {
    name,
    token,
    api,
    async apply(specFile) {
      const loaded = await loadSpec(specFile);
      const files = await readTrainerFiles(loaded.trainerDirectory);
      return ApplyAnswer.parse(
        await insist('apply', () => api.post('/v1/models', { spec: loaded.spec, files })),
      );
    },
    async trigger(model, reason, key) {
      TriggerAnswerBody.parse(
        await insist('trigger', () => api.post(path(model, 'trigger'), { reason, idempotencyKey: key })),
      );
    },
    gates,
    async approve(model, version, reason) {
      const report = await gates(model, version);
      const evidenceHash = report?.evidenceHash ?? '';
      try {
        const answer = DecideAnswerBody.parse(
          await insist('approve', () =>
            api.post(path(model, 'versions', version, 'approve'), { reason, evidenceHash }),
          ),
        );
        return answer.status;
      } catch (error) {
        const counted =
          isPerennialError(error) &&
          (error.code === 'APPROVAL_DUPLICATE' || error.code === 'APPROVAL_NOT_OPEN');
        if (!counted) throw error;
        return 'approved';
      }
    },
    async reject(model, version, reason) {
      const evidenceHash = (await gates(model, version))?.evidenceHash ?? '';
      try {
        const answer = await insist('reject', () =>
          api.post(path(model, 'versions', version, 'reject'), { reason, evidenceHash }),
        );
        return DecideAnswerBody.parse(answer).status;
      } catch (error) {
        if (isPerennialError(error) && error.code.startsWith('APPROVAL_')) return error.code;
        throw error;
      }
    },
    status: async (model) => ModelStatus.parse(await api.get(path(model))),
    version: async (model, version) =>
      Version.parse(await insist('version', () => api.get(path(model, 'versions', version)))),
    async resumeRollout(model, version, reason) {
      await insist('resume', () =>
        api.post(path(model, 'versions', version, 'rollout', 'resume'), { reason }),
      ).catch((error: unknown) => {
        if (!(isPerennialError(error) && error.code === 'ROLLOUT_NOT_PAUSED')) throw error;
      });
    },
    async acknowledge(incidentId, reason) {
      await insist('acknowledge', () =>
        api.post(`/v1/incidents/${encodeURIComponent(incidentId)}/ack`, { reason }),
      ).catch((error: unknown) => {
        // Acknowledged already, by an attempt whose answer got lost.
        if (!(isPerennialError(error) && error.code === 'INCIDENT_NOT_OPEN')) throw error;
      });
    },
  };
}

/** Makes a token for somebody, in the name of an admin. */
export async function hire(
  admin: Person,
  url: string,
  name: string,
  roles: readonly RoleName[],
): Promise<Person> {
  const answer = NewTokenAnswer.parse(
    await insist('token', () => admin.api.post('/v1/tokens', { actor: name, roles, expiresInDays: 1 })),
  );
  return createPerson(name, url, answer.token);
}
