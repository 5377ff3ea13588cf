import type { Random } from './random.ts';

export const REGIONS = ['northwest', 'southwest', 'midwest', 'southeast', 'northeast', 'hawaii'] as const;
export type Region = (typeof REGIONS)[number];

export const CATEGORIES = ['foliage', 'succulent', 'flowering', 'herb', 'fern', 'vine', 'tree'] as const;
export type Category = (typeof CATEGORIES)[number];

/** The plant that goes viral in the pandemic. It grows slowly, so nobody can deliver more of it. */
export const VIRAL_PLANT_ID = 'ficus-elastica-variegata';

export interface Plant {
  plantId: string;
  name: string;
  category: Category;
  /** Dollars. */
  price: number;
  /** 0 = thrives on neglect, 1 = for experts. */
  difficulty: number;
  /** 0 = deep shade, 1 = full sun. */
  lightNeed: number;
  /** Regions where selling it harms the land. */
  invasiveIn: readonly Region[];
  /** What no column tells: how good the picture and the reviews are. */
  appeal: number;
}

type Species = readonly [latin: string, common: string, category: Category, invasiveIn?: readonly Region[]];

const SPECIES: readonly Species[] = [
  ['Ficus elastica', 'rubber plant', 'foliage'],
  ['Monstera deliciosa', 'Swiss cheese plant', 'foliage', ['hawaii']],
  ['Calathea orbifolia', 'prayer plant', 'foliage'],
  ['Aglaonema commutatum', 'Chinese evergreen', 'foliage'],
  ['Sansevieria trifasciata', 'snake plant', 'foliage', ['southeast', 'hawaii']],
  ['Alocasia amazonica', 'elephant ear', 'foliage', ['southeast']],
  ['Echeveria elegans', 'Mexican snowball', 'succulent'],
  ['Aloe vera', 'true aloe', 'succulent'],
  ['Crassula ovata', 'jade plant', 'succulent'],
  ['Opuntia ficus-indica', 'prickly pear', 'succulent', ['southwest', 'hawaii']],
  ['Kalanchoe delagoensis', 'mother of millions', 'succulent', ['southeast', 'southwest']],
  ['Haworthia attenuata', 'zebra plant', 'succulent'],
  ['Lantana camara', 'shrub verbena', 'flowering', ['southeast', 'hawaii']],
  ['Lythrum salicaria', 'purple loosestrife', 'flowering', ['midwest', 'northeast', 'northwest']],
  ['Spathiphyllum wallisii', 'peace lily', 'flowering'],
  ['Phalaenopsis amabilis', 'moth orchid', 'flowering'],
  ['Pelargonium zonale', 'geranium', 'flowering'],
  ['Hesperis matronalis', "dame's rocket", 'flowering', ['midwest', 'northeast']],
  ['Ocimum basilicum', 'basil', 'herb'],
  ['Mentha spicata', 'spearmint', 'herb', ['northwest']],
  ['Salvia rosmarinus', 'rosemary', 'herb'],
  ['Foeniculum vulgare', 'fennel', 'herb', ['southwest', 'northwest']],
  ['Thymus vulgaris', 'thyme', 'herb'],
  ['Coriandrum sativum', 'coriander', 'herb'],
  ['Nephrolepis cordifolia', 'sword fern', 'fern', ['southeast', 'hawaii']],
  ['Adiantum raddianum', 'maidenhair fern', 'fern'],
  ['Asplenium nidus', "bird's nest fern", 'fern'],
  ['Platycerium bifurcatum', 'staghorn fern', 'fern'],
  ['Davallia fejeensis', "rabbit's foot fern", 'fern'],
  ['Hedera helix', 'English ivy', 'vine', ['northwest', 'southeast', 'northeast']],
  ['Lonicera japonica', 'Japanese honeysuckle', 'vine', ['southeast', 'midwest']],
  ['Wisteria sinensis', 'Chinese wisteria', 'vine', ['southeast', 'northeast']],
  ['Epipremnum aureum', 'golden pothos', 'vine', ['hawaii']],
  ['Philodendron hederaceum', 'heartleaf', 'vine'],
  ['Hoya carnosa', 'wax plant', 'vine'],
  ['Ailanthus altissima', 'tree of heaven', 'tree', ['northeast', 'midwest', 'southwest']],
  ['Citrus limon', 'lemon tree', 'tree'],
  ['Olea europaea', 'olive tree', 'tree'],
  ['Acer palmatum', 'Japanese maple', 'tree'],
  ['Dracaena marginata', 'dragon tree', 'tree'],
];

const FORMS = [
  { suffix: 'compacta', cultivar: 'Compacta', priceFactor: 0.7, harder: -0.1 },
  { suffix: 'grandis', cultivar: 'Grandis', priceFactor: 1.3, harder: 0 },
  { suffix: 'variegata', cultivar: 'Variegata', priceFactor: 1.8, harder: 0.15 },
] as const;

const BASE_PRICE: Readonly<Record<Category, number>> = {
  foliage: 26,
  succulent: 14,
  flowering: 20,
  herb: 8,
  fern: 18,
  vine: 19,
  tree: 42,
};

const LIGHT: Readonly<Record<Category, number>> = {
  foliage: 0.4,
  succulent: 0.85,
  flowering: 0.65,
  herb: 0.75,
  fern: 0.2,
  vine: 0.45,
  tree: 0.7,
};

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
const slug = (text: string): string => text.toLowerCase().replaceAll(/[^a-z]+/g, '-');

/** The 120 plants of the shop: forty species in three forms each. */
export function createPlants(random: Random): Plant[] {
  return SPECIES.flatMap(([latin, common, category, invasiveIn = []]) => {
    const speciesDifficulty = 0.15 + 0.7 * random.next();
    const speciesLight = clamp(LIGHT[category] + 0.15 * random.normal());
    return FORMS.map(({ suffix, cultivar, priceFactor, harder }) => ({
      plantId: slug(`${latin} ${suffix}`),
      name: `${latin} '${cultivar}' (${common})`,
      category,
      price: Math.round(BASE_PRICE[category] * priceFactor * (0.8 + 0.4 * random.next()) * 100) / 100,
      difficulty: clamp(speciesDifficulty + harder + 0.05 * random.normal()),
      lightNeed: speciesLight,
      invasiveIn,
      appeal: random.normal(),
    }));
  });
}
