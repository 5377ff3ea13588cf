import type { RankResponse } from '../../../src/contracts/serving.ts';
import { publishVisits } from './application-log.ts';
import { BatchSender, retryUntil } from '../../story/batch-sender.ts';
import { VIRAL_PLANT_ID } from './catalogue.ts';
import type { Plant } from './catalogue.ts';
import { GatewayClient, Refused } from './gateway-client.ts';
import type { FeedbackEvent } from './gateway-client.ts';
import { Stock, converted, playLiveVisit } from './live-visit.ts';
import type { Random } from './random.ts';
import type { ShopDatabase } from './shop-database.ts';
import type { ShopperLedger } from './shopper-ledger.ts';
import { eventsOf } from './shop-events.ts';
import type { Order, Pace, VisitEvents } from './shop-events.ts';
import { RECOMMENDED_PLACES, pickCandidates, planVisit } from './visit-plan.ts';
import type { World } from './world.ts';

/** A live visit is over in a moment: clicks 1 ms per place after the showing, orders 10 ms after the click. */
const PACE: Pace = { clickMs: 1, orderMs: 10 };
const LOG_FILE_EVERY_MS = 2000;
const ORDERS_EVERY_MS = 50;
const FEEDBACK_EVERY_MS = 100;
const LARGEST_BATCH = 1000;

/** Plays visits against the gateway and delivers their traces. */
export class VisitDelivery {
  readonly #world: World;
  readonly #ledger: ShopperLedger;
  readonly #gateway: GatewayClient;
  readonly #stock: Stock;
  readonly #signal: AbortSignal;
  readonly #orders: BatchSender<Order>;
  readonly #feedback: BatchSender<FeedbackEvent>;
  readonly #log: BatchSender<VisitEvents>;

  private constructor(
    world: World,
    stock: Stock,
    database: ShopDatabase,
    ledger: ShopperLedger,
    options: { gatewayUrl: string; logDirectory: string; model?: string },
    signal: AbortSignal,
  ) {
    this.#world = world;
    this.#stock = stock;
    this.#ledger = ledger;
    this.#signal = signal;
    const gateway = new GatewayClient(options.gatewayUrl, options.model ?? 'plant-recommender');
    this.#gateway = gateway;
    const largest = LARGEST_BATCH;
    this.#orders = new BatchSender((batch) => database.insertOrders(batch), {
      everyMs: ORDERS_EVERY_MS,
      largest,
      signal,
    });
    this.#feedback = new BatchSender((batch) => gateway.sendFeedback(batch), {
      everyMs: FEEDBACK_EVERY_MS,
      largest,
      signal,
    });
    let file = { atMs: 0, sequence: 0 };
    const publish = (batch: readonly VisitEvents[], sequence: number): Promise<void> => {
      // A repetition writes the same file again.
      if (file.sequence !== sequence) file = { atMs: Date.now(), sequence };
      return publishVisits(options.logDirectory, batch, file);
    };
    this.#log = new BatchSender(publish, { everyMs: LOG_FILE_EVERY_MS, largest, signal });
  }

  static async open(
    world: World,
    database: ShopDatabase,
    ledger: ShopperLedger,
    options: { gatewayUrl: string; logDirectory: string; model?: string },
    signal: AbortSignal,
  ): Promise<VisitDelivery> {
    const stock = new Stock(await database.readInventory());
    return new VisitDelivery(world, stock, database, ledger, options, signal);
  }

  soldOut(): boolean {
    return !this.#stock.inStock(VIRAL_PLANT_ID);
  }

  /** Plays one visit to its last trace. Never rejects: what can't be delivered is counted. */
  async visit(requestId: string, pandemic: boolean, random: Random): Promise<void> {
    try {
      await this.#play(requestId, pandemic, random);
    } catch {
      this.#ledger.totals.unsettled++;
    }
  }

  async #play(requestId: string, pandemic: boolean, random: Random): Promise<void> {
    const planned = { atMs: Date.now(), pandemic };
    const plan = planVisit(this.#world, planned, random);
    const candidates = pickCandidates(this.#world, planned, random);
    const answer = plan.searched ? null : await this.#rank(requestId, plan.customer.customerId, candidates);
    if (answer === 'refused') {
      this.#ledger.enter({ ...NOTHING, requestId, kind: 'refused', pandemic });
      return;
    }
    const moment = { atMs: Date.now(), pandemic };
    const ranked = answer ? this.#plantsOf(answer) : [];
    const outcomes = playLiveVisit(this.#world, plan, { ranked, candidates }, moment, this.#stock, random);
    const events = eventsOf(requestId, plan.customer, outcomes, moment.atMs, PACE);
    const sold = converted(outcomes);
    const feedback: FeedbackEvent | null = answer && {
      requestId,
      eventId: `${requestId}.converted`,
      name: 'converted',
      value: Number(sold),
      at: new Date(moment.atMs).toISOString(),
    };
    await Promise.all([
      this.#log.add(events),
      ...events.orders.map((order) => this.#orders.add(order)),
      ...(feedback ? [this.#feedback.add(feedback)] : []),
    ]);
    this.#ledger.totals.retries += this.#takeRetries();
    this.#ledger.enter({
      requestId,
      kind: answer ? 'ranked' : 'searched',
      version: answer?.version ?? null,
      generation: answer?.generation ?? null,
      pandemic,
      impressions: events.impressions.length,
      clicks: events.clicks.length,
      orderIds: events.orders.map((order) => order.orderId),
      feedbackEventId: feedback?.eventId ?? null,
      converted: sold,
    });
  }

  async #rank(
    requestId: string,
    customerId: string,
    candidates: readonly Plant[],
  ): Promise<RankResponse | 'refused'> {
    const plantIds = candidates.map((plant) => plant.plantId);
    try {
      return await retryUntil(
        () => this.#gateway.rank({ requestId, customerId, plantIds, k: RECOMMENDED_PLACES }),
        this.#signal,
        () => this.#ledger.totals.retries++,
        (error) => error instanceof Refused,
      );
    } catch (error) {
      if (error instanceof Refused) return 'refused';
      throw error;
    }
  }

  #plantsOf(answer: RankResponse): Plant[] {
    return [...answer.items]
      .sort((a, b) => a.rank - b.rank)
      .flatMap((item) => this.#world.plantsById.get(String(item.candidate['plant_id'])) ?? []);
  }

  #takeRetries(): number {
    const senders = [this.#orders, this.#feedback, this.#log];
    const retries = senders.reduce((sum, sender) => sum + sender.retries, 0);
    for (const sender of senders) sender.retries = 0;
    return retries;
  }
}

const NOTHING = {
  version: null,
  generation: null,
  impressions: 0,
  clicks: 0,
  orderIds: [],
  feedbackEventId: null,
  converted: false,
} as const;
