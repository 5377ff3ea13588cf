/** Whether trying again can help: `never` for bad input, `later` for a busy or absent dependency. */
export type RetryStance = 'never' | 'later';

export interface ErrorDefinition {
  readonly code: string;
  /** HTTP status that the API answers with. */
  readonly status: number;
  readonly retry: RetryStance;
  /** One sentence for the documentation: when it happens and what mends it. */
  readonly summary: string;
}

const registry = new Map<string, ErrorDefinition>();

/**
 * Registers a coded error. Codes are SCREAMING_SNAKE, unique, and part of the public interface:
 * they travel in HTTP bodies, in `ApplicationFailure.type` and in the CLI's output.
 */
export function defineError<Code extends string>(
  code: Code,
  options: Omit<ErrorDefinition, 'code'>,
): ErrorDefinition & { readonly code: Code } {
  if (!/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(code)) throw new TypeError(`malformed error code ${code}`);
  if (registry.has(code)) throw new TypeError(`error code ${code} is defined twice`);
  const definition = Object.freeze({ code, ...options });
  registry.set(code, definition);
  return definition;
}

/** Every code that has been defined so far, by code. */
export function errorDefinitions(): ReadonlyMap<string, ErrorDefinition> {
  return registry;
}

/** One problem among several, for input that is checked whole. `path` is a JSON path such as `gates[0].metric`. */
export interface Problem {
  readonly path?: string;
  readonly message: string;
  readonly line?: number;
  readonly file?: string;
}

export interface ErrorOptions {
  readonly problems?: readonly Problem[];
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The only error the product throws on purpose: a registered code and a message fit for its reader. */
export class PerennialError extends Error {
  readonly code: string;
  readonly status: number;
  readonly retry: RetryStance;
  readonly problems: readonly Problem[];
  readonly details: Readonly<Record<string, unknown>>;

  constructor(definition: ErrorDefinition, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PerennialError';
    this.code = definition.code;
    this.status = definition.status;
    this.retry = definition.retry;
    this.problems = options.problems ?? [];
    this.details = options.details ?? {};
  }
}

export function isPerennialError(error: unknown): error is PerennialError {
  return error instanceof PerennialError;
}
