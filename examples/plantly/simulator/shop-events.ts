import type { Outcome } from './shopping-visit.ts';
import type { Customer } from './world.ts';

/** A line of the application log: a plant was shown. */
export interface ImpressionEvent {
  impression_id: string;
  request_id: string;
  customer_id: string;
  plant_id: string;
  surface: string;
  position: number;
  price_shown: number;
  available: boolean;
  shown_at: string;
}

/** A line of the application log: the shown plant's page was opened. */
export interface ClickEvent {
  click_id: string;
  impression_id: string;
  customer_id: string;
  plant_id: string;
  position: number;
  clicked_at: string;
}

/** A row of the table `orders`. */
export interface Order {
  orderId: string;
  impressionId: string;
  customerId: string;
  plantId: string;
  quantity: number;
  amount: number;
  orderedAtMs: number;
}

export interface VisitEvents {
  impressions: ImpressionEvent[];
  clicks: ClickEvent[];
  orders: Order[];
}

const isoOf = (atMs: number): string => new Date(atMs).toISOString();

/** Milliseconds from being shown to the click, and from the click to the order. */
export interface Pace {
  clickMs: number;
  orderMs: number;
}

/**
 * The traces a visit leaves. Ids derive from the request's, so a visit that is written twice is known twice;
 * a click is later than its impression and an order later than its click.
 */
export function eventsOf(
  requestId: string,
  customer: Customer,
  outcomes: readonly Outcome[],
  atMs: number,
  pace: Pace,
): VisitEvents {
  const events: VisitEvents = { impressions: [], clicks: [], orders: [] };
  for (const { plant, surface, position, available, clicked, bought } of outcomes) {
    const impressionId = `${requestId}.${position}`;
    const shared = { customer_id: customer.customerId, plant_id: plant.plantId, position };
    events.impressions.push({
      impression_id: impressionId,
      request_id: requestId,
      ...shared,
      surface,
      price_shown: plant.price,
      available,
      shown_at: isoOf(atMs),
    });
    const clickedAtMs = atMs + pace.clickMs * position;
    if (clicked) {
      events.clicks.push({
        click_id: `${impressionId}.click`,
        impression_id: impressionId,
        ...shared,
        clicked_at: isoOf(clickedAtMs),
      });
    }
    if (bought) {
      events.orders.push({
        orderId: `${impressionId}.order`,
        impressionId,
        customerId: customer.customerId,
        plantId: plant.plantId,
        quantity: 1,
        amount: plant.price,
        orderedAtMs: clickedAtMs + pace.orderMs,
      });
    }
  }
  return events;
}
