import { VIRAL_PLANT_ID } from '../../../examples/plantly/simulator/catalogue.ts';
import type { Plant } from '../../../examples/plantly/simulator/catalogue.ts';
import { Stock, converted, playLiveVisit } from '../../../examples/plantly/simulator/live-visit.ts';
import { createRandom } from '../../../examples/plantly/simulator/random.ts';
import { eventsOf } from '../../../examples/plantly/simulator/shop-events.ts';
import type { VisitEvents } from '../../../examples/plantly/simulator/shop-events.ts';
import {
  RECOMMENDED_PLACES,
  pickCandidates,
  planVisit,
} from '../../../examples/plantly/simulator/visit-plan.ts';
import type { Customer, World } from '../../../examples/plantly/simulator/world.ts';
import type { readPlantlySpec } from './rehearsal-shop.ts';
import type { RehearsalShop, TrainedModel } from './rehearsal-shop.ts';

type Spec = Awaited<ReturnType<typeof readPlantlySpec>>;
type Online = Map<string, Map<string, Record<string, unknown>>>;

export interface PhaseReport {
  visits: number;
  conversion: number;
  /** Share of first ranks that the viral plant takes. */
  viralShare: number;
}

/** The newest feature values of every view, as the online table would hold them. */
async function readOnline(shop: RehearsalShop, spec: Spec): Promise<Online> {
  await shop.materialise(spec);
  const online: Online = new Map();
  for (const view of Object.keys(spec.features.views)) online.set(view, await shop.online(spec, view));
  return online;
}

async function rank(
  spec: Spec,
  model: TrainedModel,
  online: Online,
  customer: Customer,
  candidates: readonly Plant[],
): Promise<Plant[]> {
  const width = model.features.length;
  const rows = new Float32Array(candidates.length * width);
  candidates.forEach((plant, i) => {
    const keys: Record<string, string> = {
      customer_id: customer.customerId,
      plant_id: plant.plantId,
      region: customer.region,
      age_band: customer.ageBand,
      category: plant.category,
    };
    model.features.forEach((feature, j) => {
      const [view, column] = feature.split('.') as [string, string];
      const key = spec.features.views[view]!.keys.map((name) => keys[name]).join('|');
      rows[i * width + j] = Number(online.get(view)!.get(key)![column]);
    });
  });
  const scores = await model.score(rows, candidates.length);
  return candidates
    .map((plant, i) => ({ plant, score: scores[i]! }))
    .sort((a, b) => b.score - a.score)
    .slice(0, RECOMMENDED_PLACES)
    .map(({ plant }) => plant);
}

/** Live traffic under one model, in rounds: visits, then ingest and a refresh of the online features. */
export class LiveShop {
  readonly stock = new Stock(new Map([[VIRAL_PLANT_ID, 80]]));
  #visit = 0;
  #atMs: number;
  readonly #world: World;
  readonly #shop: RehearsalShop;
  readonly #spec: Spec;

  constructor(world: World, shop: RehearsalShop, spec: Spec, startMs: number) {
    this.#world = world;
    this.#shop = shop;
    this.#spec = spec;
    this.#atMs = startMs;
  }

  /** `visitsPerRound` visits `msPerVisit` apart, `rounds` times. Several models split the visits by turns. */
  async run(
    models: readonly TrainedModel[],
    phase: { pandemic: boolean; rounds: number; visitsPerRound: number; msPerVisit: number },
  ): Promise<PhaseReport[]> {
    const counts = models.map(() => ({ visits: 0, sold: 0, viral: 0 }));
    for (let round = 0; round < phase.rounds; round++) {
      const online = await readOnline(this.#shop, this.#spec);
      const events: VisitEvents[] = [];
      for (let i = 0; i < phase.visitsPerRound; i++) {
        const arm = this.#visit % models.length;
        const n = this.#visit++;
        this.#atMs += phase.msPerVisit;
        const random = createRandom(this.#world.seed, 'live', n);
        const moment = { atMs: this.#atMs, pandemic: phase.pandemic };
        const plan = planVisit(this.#world, moment, random);
        const candidates = pickCandidates(this.#world, moment, random);
        const ranked = plan.searched
          ? []
          : await rank(this.#spec, models[arm]!, online, plan.customer, candidates);
        const outcomes = playLiveVisit(this.#world, plan, { ranked, candidates }, moment, this.stock, random);
        events.push(eventsOf(`l-${n}`, plan.customer, outcomes, this.#atMs, { clickMs: 1, orderMs: 10 }));
        if (plan.searched) continue;
        const count = counts[arm]!;
        count.visits++;
        count.sold += Number(converted(outcomes));
        count.viral += Number(ranked[0]?.plantId === VIRAL_PLANT_ID);
      }
      await this.#shop.record(events);
    }
    return counts.map(({ visits, sold, viral }) => ({
      visits,
      conversion: sold / visits,
      viralShare: viral / visits,
    }));
  }
}
