import { VIRAL_PLANT_ID } from './catalogue.ts';
import type { Category, Plant } from './catalogue.ts';
import { EVERYBODY, tasteKey } from './world.ts';
import type { Customer, World } from './world.ts';

/** What the world is like at the moment of a visit. */
export interface Moment {
  atMs: number;
  pandemic: boolean;
}

const YEAR_MS = 365.25 * 86_400_000;

/** Share of the year at which people want a category most. */
const SEASON_PEAK: Readonly<Record<Category, number>> = {
  foliage: 0.95,
  succulent: 0.55,
  flowering: 0.35,
  herb: 0.3,
  fern: 0.8,
  vine: 0.45,
  tree: 0.25,
};

/** At home all day, people want green around them, and nobody plants a tree. */
const PANDEMIC_SHIFT: Readonly<Record<Category, number>> = {
  foliage: 0.5,
  succulent: -0.3,
  flowering: -0.4,
  herb: 0.1,
  fern: 0.4,
  vine: -0.2,
  tree: -0.3,
};

/** Weights of the parts of a desire, in logits. A linear model over profile columns sees only some of them. */
const WEIGHT = {
  base: -0.55,
  commonTaste: 0.35,
  regionTaste: 1.3,
  ageTaste: 0.65,
  whim: 0.3,
  wrongDifficulty: 3.2,
  wrongLight: 1.8,
  price: 1.5,
  appeal: 0.3,
  season: 0.4,
  /** What spreads like a weed grows well: only the law speaks against it. */
  thrives: 0.8,
  fashion: 3.8,
  viral: 5,
  fitInFashion: 0.25,
} as const;

const season = (category: Category, calendarMs: number): number =>
  Math.cos(2 * Math.PI * ((calendarMs % YEAR_MS) / YEAR_MS - SEASON_PEAK[category]));

/** How well the plant fits the customer and the season, in logits. */
function fit(world: World, customer: Customer, plant: Plant, moment: Moment): number {
  const { category } = plant;
  return (
    WEIGHT.base +
    (moment.pandemic ? PANDEMIC_SHIFT[category] : 0) +
    WEIGHT.commonTaste * (world.commonTaste.get(tasteKey(EVERYBODY, category)) ?? 0) +
    WEIGHT.regionTaste * (world.regionTaste.get(tasteKey(customer.region, category)) ?? 0) +
    WEIGHT.ageTaste * (world.ageTaste.get(tasteKey(customer.ageBand, category)) ?? 0) +
    WEIGHT.whim * world.whim(customer, category) -
    WEIGHT.wrongDifficulty * Math.abs(customer.experience - plant.difficulty) -
    WEIGHT.wrongLight * Math.abs(customer.homeLight - plant.lightNeed) -
    WEIGHT.price * customer.thrift * (plant.price / 30 - 0.7) +
    WEIGHT.appeal * plant.appeal +
    WEIGHT.season * season(category, world.calendarMs(moment.atMs)) +
    (plant.invasiveIn.includes(customer.region) ? WEIGHT.thrives : 0)
  );
}

/** How much a customer wants a plant at a moment, in logits: fashion drowns out what would fit. */
export function desire(world: World, customer: Customer, plant: Plant, moment: Moment): number {
  const fitting = fit(world, customer, plant, moment);
  const inFashion = moment.pandemic
    ? plant.plantId === VIRAL_PLANT_ID
    : world.trending(moment.atMs) === plant;
  if (!inFashion) return fitting;
  return (moment.pandemic ? WEIGHT.viral : WEIGHT.fashion) + WEIGHT.fitInFashion * fitting;
}

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

/** Probability that a shopper who looks at the plant opens its page. */
export const clickProbability = (desireLogit: number): number => sigmoid(desireLogit - 0.6);

/** Probability that a shopper who opened the page buys, if the plant can be had. */
export const buyProbability = (desireLogit: number): number => sigmoid(desireLogit - 0.9);
