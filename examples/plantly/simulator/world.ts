import { CATEGORIES, REGIONS, VIRAL_PLANT_ID, createPlants } from './catalogue.ts';
import type { Category, Plant, Region } from './catalogue.ts';
import { createRandom } from './random.ts';
import type { Random } from './random.ts';

const AGE_BANDS = ['18-29', '30-44', '45-59', '60+'] as const;
type AgeBand = (typeof AGE_BANDS)[number];

const CUSTOMER_COUNT = 2000;
const REGION_SHARES: readonly number[] = [0.2, 0.18, 0.18, 0.18, 0.16, 0.1];
const FASHION_MS = 2 * 86_400_000;
/** Where the shop's calendar stands when its history ends. */
const CALENDAR_END_MS = Date.parse('2026-11-22T08:00:00Z');

export interface Customer {
  customerId: string;
  region: Region;
  age: number;
  ageBand: AgeBand;
  /** 0 = never kept a plant alive, 1 = grows orchids from seed. */
  experience: number;
  /** How bright the home is, 0..1. */
  homeLight: number;
  /** How much a high price puts this customer off. */
  thrift: number;
}

/** Everything that is true of the shop and that no model may look at. */
export interface World {
  readonly seed: number;
  readonly customers: readonly Customer[];
  readonly plants: readonly Plant[];
  readonly plantsById: ReadonlyMap<string, Plant>;
  /** What everybody likes, by category; the other tastes come on top. */
  readonly commonTaste: ReadonlyMap<string, number>;
  readonly regionTaste: ReadonlyMap<string, number>;
  readonly ageTaste: ReadonlyMap<string, number>;
  /** The whims of a customer for a category, beyond what the profile explains. */
  whim(customer: Customer, category: Category): number;
  /** The shop's own calendar, by which seasons and fashions go: the story is the same on whatever day it is told. */
  calendarMs(atMs: number): number;
  /** The plant everybody talks about for two days around the given time. */
  trending(atMs: number): Plant;
}

export const EVERYBODY = 'everybody';

export const tasteKey = (group: string, category: Category): string => `${group}|${category}`;

const bandOf = (age: number): AgeBand =>
  age < 30 ? '18-29' : age < 45 ? '30-44' : age < 60 ? '45-59' : '60+';

function createCustomer(index: number, random: Random): Customer {
  let draw = random.next();
  const region = REGIONS.find((_, i) => (draw -= REGION_SHARES[i] ?? 0) < 0) ?? 'northwest';
  const age = 18 + Math.floor(62 * random.next());
  return {
    customerId: `c-${String(index + 1).padStart(5, '0')}`,
    region,
    age,
    ageBand: bandOf(age),
    experience: Math.min(
      1,
      Math.max(0, 0.15 + 0.006 * (age - 18) + 0.3 * random.next() + 0.2 * random.normal()),
    ),
    homeLight: random.next(),
    thrift: 0.3 + 0.9 * random.next(),
  };
}

/** Standardised over the categories, so that every group likes some categories and dislikes others. */
function createTastes(groups: readonly string[], random: Random): Map<string, number> {
  const tastes = new Map<string, number>();
  for (const group of groups) {
    const raw = CATEGORIES.map(() => random.normal());
    const mean = raw.reduce((sum, value) => sum + value, 0) / raw.length;
    const spread = Math.sqrt(raw.reduce((sum, value) => sum + (value - mean) ** 2, 0) / raw.length) || 1;
    CATEGORIES.forEach((category, i) =>
      tastes.set(tasteKey(group, category), ((raw[i] ?? mean) - mean) / spread),
    );
  }
  return tastes;
}

/** Fashions in their order: category by category in turn, each plant once, the pandemic's star never. */
function createFashions(plants: readonly Plant[], random: Random): Plant[] {
  const byCategory = CATEGORIES.map((category) =>
    random.sample(
      plants.filter((plant) => plant.category === category && plant.plantId !== VIRAL_PLANT_ID),
      plants.length,
    ),
  );
  const shortest = Math.min(...byCategory.map((group) => group.length));
  return Array.from({ length: shortest }, (_, i) => byCategory.flatMap((group) => group[i] ?? [])).flat();
}

/**
 * The shop of a seed: customers, plants and tastes, with a history that ends at `historyEndMs`. Equal seeds give equal
 * worlds, in which equal things happen at the same distance from that end; time enters only through the arguments
 * of its functions.
 */
export function createWorld(seed: number, historyEndMs: number): World {
  const plants = createPlants(createRandom(seed, 'plants'));
  const customerRandom = createRandom(seed, 'customers');
  const customers = Array.from({ length: CUSTOMER_COUNT }, (_, i) => createCustomer(i, customerRandom));
  const whims = new Map<string, number>();
  const fashions = createFashions(plants, createRandom(seed, 'fashions'));
  const calendarMs = (atMs: number): number => atMs - historyEndMs + CALENDAR_END_MS;
  return {
    seed,
    customers,
    plants,
    plantsById: new Map(plants.map((plant) => [plant.plantId, plant])),
    commonTaste: createTastes([EVERYBODY], createRandom(seed, 'common-taste')),
    regionTaste: createTastes(REGIONS, createRandom(seed, 'region-taste')),
    ageTaste: createTastes(AGE_BANDS, createRandom(seed, 'age-taste')),
    whim: ({ customerId }, category) => {
      const key = tasteKey(customerId, category);
      const known = whims.get(key) ?? createRandom(seed, 'whim', key).normal();
      whims.set(key, known);
      return known;
    },
    calendarMs,
    trending: (atMs) => {
      const plant = fashions[Math.floor(calendarMs(atMs) / FASHION_MS) % fashions.length];
      if (!plant) throw new RangeError(`no plant is in fashion at ${atMs}`);
      return plant;
    },
  };
}
