import type { Plant } from './catalogue.ts';
import type { Random } from './random.ts';
import { buyProbability, clickProbability, desire } from './tastes.ts';
import type { Moment } from './tastes.ts';
import type { Customer, World } from './world.ts';

type Surface = 'recommendation' | 'discover' | 'search';

/** A plant in its place on the page. */
export interface Showing {
  plant: Plant;
  surface: Surface;
  position: number;
}

export interface Outcome extends Showing {
  available: boolean;
  clicked: boolean;
  bought: boolean;
}

/** Takes one plant out of stock; false when it is sold out. */
export type TakeFromStock = (plantId: string) => boolean;

/** Probability that a shopper who looked at one place looks at the next. The feature views know it too. */
const LOOKS_FURTHER = 0.85;
/** Probability that a shopper who found the wanted plant sold out leaves the shop. */
const LEAVES_DISAPPOINTED = 0.9;
/** Probability that a shopper leaves content after buying. */
const LEAVES_AFTER_BUYING = 0.7;

/**
 * Plays one visit: the shopper looks from the first place on, opens what is wanted, buys what can be had,
 * and leaves early when disappointed or content. Every showing gets an outcome, seen or not.
 */
export function playVisit(
  world: World,
  visit: { customer: Customer; page: readonly Showing[]; moment: Moment },
  stock: { inStock: (plantId: string) => boolean; take: TakeFromStock },
  random: Random,
): Outcome[] {
  let gone = false;
  return visit.page.map((showing, index) => {
    const available = stock.inStock(showing.plant.plantId);
    gone ||= index > 0 && !random.chance(LOOKS_FURTHER);
    if (gone) return { ...showing, available, clicked: false, bought: false };
    const wish = desire(world, visit.customer, showing.plant, visit.moment);
    const clicked = random.chance(clickProbability(wish));
    const wanted = clicked && random.chance(buyProbability(wish));
    const bought = wanted && stock.take(showing.plant.plantId);
    if (wanted) gone = random.chance(bought ? LEAVES_AFTER_BUYING : LEAVES_DISAPPOINTED);
    return { ...showing, available, clicked, bought };
  });
}
