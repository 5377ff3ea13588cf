import { randomUUID } from 'node:crypto';
import type { FeedbackRequest, PredictionRow, RankRequest, RankResponse } from '../contracts/serving.ts';
import { BODY_TOO_LARGE, INTERNAL_ERROR } from '../errors/api-errors.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { isPerennialError, PerennialError } from '../errors/define-error.ts';
import {
  NOT_SERVED,
  NOT_SERVED_YET,
  RANK_NOT_CONFIGURED,
  SIGNATURE_MISMATCH,
  SPOOL_FULL,
} from '../errors/serving-errors.ts';
import type { Route } from '../registry/routes.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import type { LoadedVersion } from './loaded-version.ts';
import { itemsOfBatch, outputOf, tensorsOf } from './open-inference.ts';
import type { InferRequest } from './open-inference.ts';
import { OverdueFeatures } from './overdue-features.ts';
import { featuresOfCandidates, rankCandidates } from './rank-candidates.ts';
import type { RecentAnswers } from './recent-answers.ts';
import type { ShadowQueue } from './shadow-queue.ts';
import type { Spool } from './spool.ts';
import type { SpoolItem } from './spool-record.ts';
import { chooseVersion } from './traffic-split.ts';
import type { VersionFeatures } from './version-features.ts';
import type { VersionLoader } from './version-loader.ts';

export interface PredictionServiceOptions {
  readonly routeOf: (model: string) => Route | undefined;
  /** Whether more of the model than now may come to be served without a new route. */
  readonly awaits: (model: string) => Promise<boolean>;
  readonly loader: Pick<VersionLoader, 'get' | 'versionsOf'>;
  readonly features: Pick<VersionFeatures, 'of'>;
  readonly spool: Spool;
  readonly recent: RecentAnswers;
  readonly shadows: ShadowQueue;
  readonly metrics: GatewayMetrics;
}

interface Call {
  readonly requestId: string;
  readonly model: string;
  readonly kind: PredictionRow['call'];
  readonly splitKey: string;
  readonly entity: PredictionRow['entity'];
  /** Its candidates, or the values of its tensors. */
  readonly size: number;
  /** Has a version answer; what it logs, and the body of the answer. */
  readonly work: (
    loaded: LoadedVersion,
  ) => Promise<{ readonly items: readonly SpoolItem[]; readonly body: (at: Chosen) => unknown }>;
  /** Reads the features that a version takes for it, from PostgreSQL alone. */
  readonly readFeatures: (loaded: LoadedVersion) => Promise<unknown>;
}

interface Chosen {
  readonly loaded: LoadedVersion;
  readonly arm: PredictionRow['arm'];
  readonly generation: number;
}

/** Errors that a request may deserve by itself; a challenger is blamed only where the champion would take it. */
const CALLERS_FAULT: ReadonlySet<string> = new Set([RANK_NOT_CONFIGURED.code, SIGNATURE_MISMATCH.code]);

/** What the prediction log does not take, whichever version answered. */
const LOGS_REFUSALS: ReadonlySet<string> = new Set([BODY_TOO_LARGE.code, SPOOL_FULL.code]);

/** Answers predictions: one version by the route's split, logged before the answer leaves, shadows after it. */
export class PredictionService {
  readonly #options: PredictionServiceOptions;
  readonly #overdue = new OverdueFeatures();

  constructor(options: PredictionServiceOptions) {
    this.#options = options;
  }

  /** @returns the answer as JSON text */
  rank(model: string, request: RankRequest): Promise<string> {
    const { requestId, entity } = request;
    const { features } = this.#options;
    const call: Call = {
      requestId,
      model,
      kind: 'rank',
      splitKey: String(request.splitKey ?? canonicalJson(entity)),
      entity,
      size: request.candidates.length,
      work: async (loaded) => {
        const ranking = await rankCandidates(loaded, features.of(loaded), request, Date.now());
        this.#options.metrics.unscorable({ model, version: loaded.servable.version }, ranking.unscorable);
        const body = ({ loaded: by, generation }: Chosen): RankResponse => ({
          requestId,
          model,
          version: by.servable.version,
          generation,
          items: ranking.items,
        });
        return { items: ranking.logged, body };
      },
      readFeatures: (loaded) => featuresOfCandidates(loaded, features.of(loaded).fresh, request, Date.now()),
    };
    return this.#options.recent.once(`rank\n${model}\n${requestId}`, () => this.#routed(call));
  }

  /** @param version Asks that version alone, outside the split; it must be loaded. */
  infer(model: string, request: InferRequest, version: number | null): Promise<string> {
    const requestId = request.id ?? randomUUID();
    const tensors = tensorsOf(request);
    const names = request.outputs?.map((output) => output.name);
    const call: Call = {
      requestId,
      model,
      kind: 'infer',
      splitKey: String(request.parameters?.['split_key'] ?? requestId),
      entity: null,
      size: tensors.reduce((size, { data }) => size + data.length, 0),
      work: async (loaded) => {
        const outputs = await loaded.predictor.infer(tensors, names);
        const body = ({ loaded: by }: Chosen) => ({
          model_name: model,
          model_version: String(by.servable.version),
          id: requestId,
          outputs: outputs.map(outputOf),
        });
        return { items: itemsOfBatch(loaded, tensors, outputs), body };
      },
      readFeatures: () => Promise.resolve(undefined),
    };
    const answer = (): Promise<string> =>
      version === null ? this.#routed(call) : this.#pinned(call, version);
    if (request.id === undefined) return answer();
    return this.#options.recent.once(`infer\n${model}\n${version ?? ''}\n${requestId}`, answer);
  }

  /** @returns how many events are on disk */
  feedback(request: FeedbackRequest): number {
    const receivedAt = Date.now();
    this.#options.spool.append({
      outcomes: request.events.map((event) => ({
        event_id: event.eventId,
        request_id: event.requestId,
        name: event.name,
        value: event.value,
        at: Date.parse(event.at),
        received_at: receivedAt,
      })),
    });
    this.#options.metrics.feedback({}, request.events.length);
    return request.events.length;
  }

  /** The version that metadata is about: the one named, or the champion, or the one with the most traffic. */
  async describe(model: string, version: number | null): Promise<LoadedVersion> {
    const route = this.#options.routeOf(model);
    const heaviest = [...(route?.weights ?? [])].sort((a, b) => b.weight - a.weight)[0]?.version;
    const champion = route?.weights.find((share) => share.version === route.champion)?.version;
    const wanted = version ?? champion ?? heaviest;
    const loaded = wanted === undefined ? undefined : this.#options.loader.get(model, wanted);
    if (loaded === undefined) throw await this.#notServed(model, version);
    return loaded;
  }

  async #routed(call: Call): Promise<string> {
    const route = this.#options.routeOf(call.model);
    if (route === undefined) throw await this.#notServed(call.model, null);
    const version = chooseVersion(route, call.splitKey);
    const loaded = this.#options.loader.get(call.model, version);
    if (loaded === undefined) throw await this.#notServed(call.model, version);
    const arm = version === route.champion ? 'champion' : 'challenger';
    const answer = await this.#answer(call, { loaded, arm, generation: route.generation });
    for (const shadow of route.shadow) this.#shadow(call, shadow, route.generation);
    return answer;
  }

  async #pinned(call: Call, version: number): Promise<string> {
    const loaded = this.#options.loader.get(call.model, version);
    if (loaded === undefined) throw await this.#notServed(call.model, version);
    const generation = this.#options.routeOf(call.model)?.generation ?? 0;
    return this.#answer(call, { loaded, arm: 'pinned', generation });
  }

  /** Scores, logs, and only then gives the answer away. */
  async #answer(call: Call, chosen: Chosen): Promise<string> {
    const at = Date.now();
    const startedAt = performance.now();
    const { metrics, spool } = this.#options;
    const labels = {
      model: call.model,
      version: chosen.loaded.servable.version,
      arm: chosen.arm,
      call: call.kind,
    };
    try {
      const { items, body } = await call.work(chosen.loaded);
      const text = JSON.stringify(body(chosen));
      const latencyMs = performance.now() - startedAt;
      spool.append({ request: rowOf(call, chosen, at, latencyMs, null), items });
      metrics.requests({ ...labels, code: 'OK' });
      metrics.latency(latencyMs, labels);
      return text;
    } catch (cause) {
      const error = await this.#judged(cause, call, chosen.loaded);
      const code = isPerennialError(error) ? error.code : INTERNAL_ERROR.code;
      metrics.requests({ ...labels, code });
      if (!spool.full && (await this.#blames(code, call, chosen)))
        spool.append({ request: rowOf(call, chosen, at, performance.now() - startedAt, code), items: [] });
      throw error;
    }
  }

  /** An error as it is told; that features were not there is the version's own where the champion has its own. */
  async #judged(error: unknown, call: Call, loaded: LoadedVersion): Promise<unknown> {
    const champion = this.#championOf(call.model);
    if (champion === undefined || champion === loaded) return error;
    return this.#overdue.judge(error, loaded, () => call.readFeatures(champion));
  }

  #championOf(model: string): LoadedVersion | undefined {
    const champion = this.#options.routeOf(model)?.champion ?? null;
    return champion === null ? undefined : this.#options.loader.get(model, champion);
  }

  /** Whether an error speaks against the version: always, unless the request itself would be refused by the champion. */
  async #blames(code: string, call: Call, chosen: Chosen): Promise<boolean> {
    if (LOGS_REFUSALS.has(code)) return false;
    // A shadow is asked what a live version has answered.
    if (!CALLERS_FAULT.has(code) || chosen.arm === 'shadow') return true;
    const champion = this.#championOf(call.model);
    if (chosen.arm !== 'challenger' || champion === undefined) return false;
    return call.work(champion).then(
      () => true,
      () => false,
    );
  }

  #shadow(call: Call, version: number, generation: number): void {
    const run = async (): Promise<void> => {
      const loaded = this.#options.loader.get(call.model, version);
      if (loaded === undefined) return;
      await this.#answer(call, { loaded, arm: 'shadow', generation });
    };
    this.#options.shadows.add({ size: call.size, run });
  }

  async #notServed(model: string, version: number | null): Promise<PerennialError> {
    const what =
      version === null ? `No version of model ${model} is` : `Version ${version} of model ${model} is not`;
    if (await this.#options.awaits(model))
      return new PerennialError(
        NOT_SERVED_YET,
        `${what} served by this gateway yet; its routes are not all taken up.`,
      );
    const loaded = this.#options.loader.versionsOf(model);
    const found =
      loaded.length === 0 ? 'the model has no route here' : `loaded are versions ${loaded.join(', ')}`;
    return new PerennialError(NOT_SERVED, `${what} served by this gateway; ${found}.`);
  }
}

function rowOf(
  call: Call,
  chosen: Chosen,
  at: number,
  latencyMs: number,
  error: string | null,
): PredictionRow {
  return {
    request_id: call.requestId,
    at,
    model: call.model,
    version: chosen.loaded.servable.version,
    arm: chosen.arm,
    generation: chosen.generation,
    call: call.kind,
    latency_ms: Math.round(latencyMs * 1000) / 1000,
    error,
    split_key: call.splitKey,
    entity: call.entity,
  };
}
