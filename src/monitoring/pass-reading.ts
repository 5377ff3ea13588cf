import type { MonitorWindow } from '../domain/monitors/monitor-window.ts';
import type { OutcomeSample } from '../domain/monitors/judge-outcome.ts';
import type { PredictionLogView } from '../serving/prediction-log.ts';
import { liveItems, newestRequestAt } from './live-traffic.ts';
import type { LiveDecisions } from './live-traffic.ts';
import { driftReference, labelSample } from './references.ts';
import type { Reference, ReferenceParts } from './references.ts';
import type { WatchedChampion } from './watched-champion.ts';

/** What the monitors of one pass read, each thing once however many look at it. */
export class PassReading {
  readonly #parts: ReferenceParts;
  readonly #champion: WatchedChampion;
  readonly #views = new Map<string, Promise<PredictionLogView>>();
  readonly #newest = new Map<string, Promise<number | null>>();
  readonly #items = new Map<string, Promise<LiveDecisions>>();
  #reference: Promise<Reference> | undefined;
  #labels: Promise<OutcomeSample> | undefined;

  constructor(parts: ReferenceParts, champion: WatchedChampion) {
    this.#parts = parts;
    this.#champion = champion;
  }

  view(window: MonitorWindow): Promise<PredictionLogView> {
    const { name: model, environment } = this.#champion;
    return remembered(this.#views, window, () => this.#parts.log.open({ model, environment, ...window }));
  }

  newestRequestAt(window: MonitorWindow): Promise<number | null> {
    return remembered(this.#newest, window, async () =>
      newestRequestAt(await this.view(window), this.#champion.version),
    );
  }

  items(window: MonitorWindow): Promise<LiveDecisions> {
    return remembered(this.#items, window, async () =>
      liveItems(await this.view(window), this.#champion.version),
    );
  }

  reference(): Promise<Reference> {
    this.#reference ??= driftReference(
      this.#parts,
      this.#champion,
      this.#champion.spec.monitoring.minSamples,
    );
    return this.#reference;
  }

  labels(): Promise<OutcomeSample> {
    this.#labels ??= labelSample(this.#parts, this.#champion);
    return this.#labels;
  }

  /** Closes what was opened; it reads no more. */
  async close(): Promise<void> {
    const views = await Promise.allSettled(this.#views.values());
    for (const view of views) if (view.status === 'fulfilled') view.value.close();
  }
}

function remembered<T>(
  known: Map<string, Promise<T>>,
  window: MonitorWindow,
  read: () => Promise<T>,
): Promise<T> {
  const key = `${window.from}-${window.to}`;
  const found = known.get(key) ?? read();
  known.set(key, found);
  return found;
}
