import type { CachedFeatures } from './cached-features.ts';
import { Metrics } from './metrics.ts';
import type { RouteFollower } from './route-follower.ts';
import type { ShadowQueue } from './shadow-queue.ts';
import type { Spool } from './spool.ts';

/** What the gateway counts. */
export class GatewayMetrics {
  readonly #metrics = new Metrics();
  readonly requests = this.#metrics.counter(
    'perennial_requests_total',
    'Predictions by version, arm and result.',
  );
  readonly latency = this.#metrics.latency(
    'perennial_request_latency_ms',
    'Time to a logged answer, in milliseconds.',
  );
  readonly unscorable = this.#metrics.counter(
    'perennial_unscorable_candidates_total',
    'Candidates left out of a ranking because their score was not finite.',
  );
  readonly feedback = this.#metrics.counter('perennial_feedback_events_total', 'Outcomes accepted.');
  readonly shipFailures = this.#metrics.counter(
    'perennial_ship_failures_total',
    'Passes of the prediction log that S3, PostgreSQL or the disk refused.',
  );

  /** Adds what is read from the gateway's parts when the metrics are asked for. */
  observe(parts: {
    readonly follower: RouteFollower;
    readonly spool: Spool;
    readonly shadows: ShadowQueue;
    readonly features: CachedFeatures;
  }): void {
    const { follower, spool, shadows, features } = parts;
    this.#metrics.gauge('perennial_route_generation', 'Route generation obeyed, by model.', () =>
      follower.routes().map((route) => ({ labels: { model: route.model }, value: route.generation })),
    );
    this.#metrics.gauge(
      'perennial_spool_bytes',
      'Bytes of the prediction log not shipped yet.',
      () => spool.bytes,
    );
    this.#metrics.gauge('perennial_shadow_queue', 'Shadow scores that wait.', () => shadows.length);
    this.#metrics.gauge(
      'perennial_shadow_dropped',
      'Shadow scores given up under load.',
      () => shadows.dropped,
    );
    this.#metrics.gauge('perennial_feature_rows', 'Online feature rows served, by where from.', () => [
      { labels: { from: 'memory' }, value: features.hits },
      { labels: { from: 'postgresql' }, value: features.misses - features.stale },
      { labels: { from: 'stale' }, value: features.stale },
    ]);
  }

  render(): string {
    return this.#metrics.render();
  }
}
