import { createHash } from 'node:crypto';
import { addressBlock } from './address-block.ts';
import { FailureWindows } from './failure-windows.ts';

const MAX_FAILURES_OF_CLAIM = 20;
/** Whatever they claim: who changes token ids at each guess comes no further than this. */
const MAX_FAILURES_OF_ADDRESS = 200;
const MAX_PROVEN = 10_000;

/** An attempt to sign in. */
export interface Attempt {
  readonly address: string;
  /** What it claims to be, such as the id of a token; null when it claims nothing, and so guesses nothing. */
  readonly claim: string | null;
  /** What it shows for it; null when that proves nothing by itself, such as a signature. */
  readonly proof: string | null;
}

/**
 * Counts failed attempts by address, and by address and claim. Who failed too often is refused unread until the
 * minute ends. Others at the same address are not held up once they have signed in: what was right before is always
 * looked at. Memory is bounded.
 */
export class FailureLimiter {
  readonly #claims: FailureWindows;
  readonly #addresses: FailureWindows;
  /** Hashes of proofs that were right the last time, the latest last. */
  readonly #proven = new Set<string>();

  constructor(now = () => performance.now()) {
    this.#claims = new FailureWindows(MAX_FAILURES_OF_CLAIM, now);
    this.#addresses = new FailureWindows(MAX_FAILURES_OF_ADDRESS, now);
  }

  /** Seconds until this may be tried; 0 when it may now. */
  retryAfterSeconds(attempt: Attempt): number {
    if (attempt.proof !== null && this.#proven.has(hashOf(attempt.proof))) return 0;
    const block = addressBlock(attempt.address);
    return Math.max(
      this.#claims.secondsLeft(claimKey(block, attempt)),
      attempt.claim === null ? 0 : this.#addresses.secondsLeft(block),
    );
  }

  recordFailure(attempt: Attempt): void {
    const block = addressBlock(attempt.address);
    this.#claims.count(claimKey(block, attempt));
    if (attempt.claim !== null) this.#addresses.count(block);
    if (attempt.proof !== null) this.#proven.delete(hashOf(attempt.proof));
  }

  recordSuccess(proof: string): void {
    const hash = hashOf(proof);
    this.#proven.delete(hash);
    this.#proven.add(hash);
    const oldest = this.#proven.size > MAX_PROVEN ? this.#proven.values().next().value : undefined;
    if (oldest !== undefined) this.#proven.delete(oldest);
  }
}

const hashOf = (proof: string): string => createHash('sha256').update(proof).digest('base64');

const claimKey = (block: string, { claim }: Attempt): string => `${block} ${claim ?? '-'}`;
