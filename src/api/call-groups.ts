/** Carries several calls out as one; answers come in their order. `waitedMs`: since the first of them was made. */
type SendGroup<Call, Answer> = (calls: readonly Call[], waitedMs: number) => Promise<readonly Answer[]>;

interface GroupLimits {
  /** Groups that are on their way at the same time. */
  readonly maxUnderWay: number;
  readonly maxCalls: number;
  /** Between two departures at the least; what comes meanwhile goes together. */
  readonly paceMs: number;
}

interface Waiting<Call, Answer> {
  readonly call: Call;
  readonly since: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends calls that come closely after one another as one. A call that follows a quiet while goes at once, and each
 * still gets an answer of its own, or the error that its group failed with.
 */
export class CallGroups<Call, Answer> {
  readonly #send: SendGroup<Call, Answer>;
  readonly #limits: GroupLimits;
  readonly #waiting: Waiting<Call, Answer>[] = [];
  #underWay = 0;
  #leftAt = Number.NEGATIVE_INFINITY;
  #planned = false;

  constructor(send: SendGroup<Call, Answer>, limits: GroupLimits) {
    this.#send = send;
    this.#limits = limits;
  }

  /** Nothing waits and nothing is under way. */
  get idle(): boolean {
    return this.#underWay === 0 && this.#waiting.length === 0;
  }

  ask(call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, since: performance.now(), resolve, reject });
      this.#planDeparture();
    });
  }

  #planDeparture(): void {
    if (this.#planned || this.#waiting.length === 0 || this.#underWay >= this.#limits.maxUnderWay) return;
    this.#planned = true;
    const pauseMs = this.#leftAt + this.#limits.paceMs - performance.now();
    const leave = (): void => void this.#leave();
    // Not in this very moment: what is asked for in the same turn, such as by the answers of one group, goes along.
    if (pauseMs > 0) setTimeout(leave, pauseMs);
    else setImmediate(leave);
  }

  async #leave(): Promise<void> {
    const group = this.#waiting.splice(0, this.#limits.maxCalls);
    const startedAt = performance.now();
    this.#planned = false;
    this.#leftAt = startedAt;
    this.#underWay += 1;
    this.#planDeparture();
    try {
      const answers = await this.#send(
        group.map(({ call }) => call),
        startedAt - (group[0]?.since ?? startedAt),
      );
      group.forEach(({ resolve, reject }, index) => {
        const answer = answers[index];
        if (answer === undefined) reject(new TypeError(`call ${String(index)} of a group got no answer`));
        else resolve(answer);
      });
    } catch (error) {
      for (const { reject } of group) reject(error);
    } finally {
      this.#underWay -= 1;
      this.#planDeparture();
    }
  }
}
