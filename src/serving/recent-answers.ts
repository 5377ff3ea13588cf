/** What has been answered lately, by request id: a repeated request gets the same answer and is logged once. */
export class RecentAnswers {
  readonly #answers = new Map<string, { readonly answer: Promise<string>; bytes: number }>();
  readonly #maxCount: number;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  /** The answer of this id, or what `make` answers; those that come while it is made share it. A failure is forgotten. */
  async once(id: string, make: () => Promise<string>): Promise<string> {
    const known = this.#answers.get(id);
    if (known !== undefined) return known.answer;
    const entry = { answer: make(), bytes: id.length };
    this.#answers.set(id, entry);
    try {
      const answer = await entry.answer;
      entry.bytes += answer.length;
      this.#bytes += entry.bytes;
      this.#trim();
      return answer;
    } catch (error) {
      this.#answers.delete(id);
      throw error;
    }
  }

  /** A map keeps the order of insertion: the oldest go first. */
  #trim(): void {
    for (const [id, entry] of this.#answers) {
      if (this.#answers.size <= this.#maxCount && this.#bytes <= this.#maxBytes) return;
      this.#answers.delete(id);
      this.#bytes -= entry.bytes;
    }
  }
}
