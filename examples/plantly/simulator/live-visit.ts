import type { Plant } from './catalogue.ts';
import type { Random } from './random.ts';
import { playVisit } from './shopping-visit.ts';
import type { Outcome, TakeFromStock } from './shopping-visit.ts';
import type { Moment } from './tastes.ts';
import { pageOf, searchPage } from './visit-plan.ts';
import type { VisitPlan } from './visit-plan.ts';
import type { World } from './world.ts';

/** What is left of the plants that nobody can deliver more of; every other plant is always in stock. */
export class Stock {
  readonly #left: Map<string, number>;

  constructor(limited: ReadonlyMap<string, number>) {
    this.#left = new Map(limited);
  }

  readonly inStock = (plantId: string): boolean => (this.#left.get(plantId) ?? 1) > 0;

  readonly take: TakeFromStock = (plantId) => {
    const left = this.#left.get(plantId);
    if (left === undefined) return true;
    if (left <= 0) return false;
    this.#left.set(plantId, left - 1);
    return true;
  };
}

/** Plays a live visit from what the recommender ranked (or what the shopper searched for). */
export function playLiveVisit(
  world: World,
  plan: VisitPlan,
  shown: { ranked: readonly Plant[]; candidates: readonly Plant[] },
  moment: Moment,
  stock: Stock,
  random: Random,
): Outcome[] {
  const { customer, searched } = plan;
  const page = searched ? searchPage(searched) : pageOf(customer, shown.ranked, shown.candidates, random);
  return playVisit(world, { customer, page, moment }, stock, random);
}

/** Whether the recommender sold something in this visit: what `converted` means in the feedback. */
export const converted = (outcomes: readonly Outcome[]): boolean =>
  outcomes.some((outcome) => outcome.surface === 'recommendation' && outcome.bought);
