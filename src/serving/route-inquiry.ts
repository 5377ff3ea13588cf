import { Name } from '../contracts/spec/names.ts';
import { withTimeout } from '../platform/with-timeout.ts';

/** How long a caller whose model is unknown waits to hear whether PostgreSQL knows more. */
const PATIENCE_MS = 1000;

/** The newest generation of each of these models' routes; a model that has none is left out. */
type Ask = (models: readonly string[]) => Promise<ReadonlyMap<string, number>>;

/**
 * Asks for the routes of single models: one question at a time, and each caller gets the answer to one that began after
 * it came, with all who came meanwhile.
 */
export class RouteInquiry {
  readonly #ask: Ask;
  readonly #gathered = new Set<string>();
  #asking: Promise<unknown> = Promise.resolve();
  #next: ReturnType<Ask> | null = null;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Whether the model has a route after generation `known`, or nobody says in time whether it has. */
  async mayHaveNewer(model: string, known: number): Promise<boolean> {
    // What no model can be called may not even be text to PostgreSQL, and would spoil the question for all.
    if (!Name.safeParse(model).success) return false;
    const newest = await withTimeout(this.newestOf(model), PATIENCE_MS).catch(() => Infinity);
    return newest > known;
  }

  /** 0 where the model has no route. */
  async newestOf(model: string): Promise<number> {
    this.#gathered.add(model);
    this.#next ??= this.#asking.then(() => this.#askNow());
    return (await this.#next).get(model) ?? 0;
  }

  #askNow(): ReturnType<Ask> {
    const models = [...this.#gathered];
    this.#gathered.clear();
    this.#next = null;
    const answer = this.#ask(models);
    this.#asking = answer.catch(() => undefined);
    return answer;
  }
}
