import { performance } from 'node:perf_hooks';
import { rankBody } from '../serving/serving-fixture.ts';

/** Customers are split between the arms of a canary: each always meets the same one. */
export const CUSTOMERS = 50;
export const customerOf = (request: number): string => `steady-customer-${String(request % CUSTOMERS)}`;

export interface Answered {
  readonly requestId: string;
  /** 0: no answer came. */
  readonly status: number;
  readonly latencyMs: number;
  readonly version: number | null;
  readonly generation: number | null;
  readonly problem: string | null;
}

/**
 * One request every so often, however long the ones before it take, as many shoppers make them; nothing is tried
 * again. `stop` waits for what is under way and answers all, in the order in which they were sent.
 */
export function startTraffic(
  url: string,
  { everyMs, limitMs, name }: { everyMs: number; limitMs: number; name: string },
): { readonly seen: () => number; stop(): Promise<readonly Answered[]> } {
  const sent: Promise<Answered>[] = [];
  const ask = async (request: number): Promise<Answered> => {
    const requestId = `${name}-${String(request)}`;
    const entity = { customer_id: customerOf(request) };
    const startedAt = performance.now();
    const took = (): number => performance.now() - startedAt;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(rankBody(requestId, { entity })),
        signal: AbortSignal.timeout(limitMs),
      });
      const text = await response.text();
      const { version = null, generation = null } = JSON.parse(text) as Partial<Answered>;
      const problem = response.status === 200 ? null : text;
      return { requestId, status: response.status, latencyMs: took(), version, generation, problem };
    } catch (error) {
      const none = { status: 0, version: null, generation: null };
      return { requestId, ...none, latencyMs: took(), problem: String(error) };
    }
  };
  const timer = setInterval(() => void sent.push(ask(sent.length)), everyMs);
  return {
    seen: () => sent.length,
    async stop() {
      clearInterval(timer);
      return await Promise.all(sent);
    },
  };
}
