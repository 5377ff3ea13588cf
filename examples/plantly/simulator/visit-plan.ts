import { VIRAL_PLANT_ID } from './catalogue.ts';
import type { Plant } from './catalogue.ts';
import type { Random } from './random.ts';
import type { Showing } from './shopping-visit.ts';
import type { Moment } from './tastes.ts';
import type { Customer, World } from './world.ts';

/** Places that the recommender fills. One more, "discover", shows any plant, so that nothing stays unknown. */
export const RECOMMENDED_PLACES = 5;
const CANDIDATES = 30;
const SEARCH_SHARE = 0.08;
const PANDEMIC_SEARCH_SHARE = 0.3;
const EDITORS_PICK_SHARE = 0.3;

/** Who comes and why, decided before anything is shown. */
export interface VisitPlan {
  customer: Customer;
  /** What the shopper searched for by name; undefined for a shopper who browses. */
  searched: Plant | undefined;
}

/** The plant people talk about: the fashion of the day, and in the pandemic the viral one. */
function talkOfTheTown(world: World, moment: Moment): Plant {
  return (moment.pandemic && world.plantsById.get(VIRAL_PLANT_ID)) || world.trending(moment.atMs);
}

export function planVisit(world: World, moment: Moment, random: Random): VisitPlan {
  const customer = random.pick(world.customers);
  const searches = random.chance(moment.pandemic ? PANDEMIC_SEARCH_SHARE : SEARCH_SHARE);
  return { customer, searched: searches ? talkOfTheTown(world, moment) : undefined };
}

/** The assortment of the moment for the recommender to rank. In the pandemic everybody asks for one plant. */
export function pickCandidates(world: World, moment: Moment, random: Random): Plant[] {
  const demanded = moment.pandemic ? [talkOfTheTown(world, moment)] : [];
  const rest = world.plants.filter((plant) => !demanded.includes(plant));
  const candidates = [...demanded, ...random.sample(rest, CANDIDATES - demanded.length)];
  return random.sample(candidates, candidates.length);
}

const allowedFor = (customer: Customer, plant: Plant): boolean => !plant.invasiveIn.includes(customer.region);

/** The page of a browsing shopper: the ranked plants, and one more from the other allowed candidates. */
export function pageOf(
  customer: Customer,
  ranked: readonly Plant[],
  candidates: readonly Plant[],
  random: Random,
): Showing[] {
  const others = candidates.filter((plant) => !ranked.includes(plant) && allowedFor(customer, plant));
  const page: Showing[] = ranked.map((plant, i) => ({ plant, surface: 'recommendation', position: i + 1 }));
  if (others.length > 0) {
    page.push({ plant: random.pick(others), surface: 'discover', position: ranked.length + 1 });
  }
  return page;
}

/** Before the recommender: editors mixed what people talk about with anything else, and knew of no rules. */
export function pickByEditors(world: World, moment: Moment, random: Random): Plant[] {
  const talk = talkOfTheTown(world, moment);
  const hot = random.chance(EDITORS_PICK_SHARE) ? [talk] : [];
  const rest = world.plants.filter((plant) => plant !== talk);
  const picks = [...hot, ...random.sample(rest, RECOMMENDED_PLACES - hot.length)];
  return random.sample(picks, picks.length);
}

export const searchPage = (plant: Plant): Showing[] => [{ plant, surface: 'search', position: 1 }];
