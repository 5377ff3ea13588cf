import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { Refusal } from '../src/domain/refusal.ts';
import type { ErrorDefinition } from '../src/errors/define-error.ts';

/** A failure that is never retried, with a registered code as its type. */
export function refuse(definition: ErrorDefinition, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: definition.code, message, nonRetryable: true });
}

/** Throws in a validator or a handler what a pure check refused. */
export function throwIfRefused(refusal: Refusal | null): void {
  if (refusal !== null) throw refuse(refusal.definition, refusal.message);
}

export interface Failure {
  readonly code: string;
  readonly reason: string;
}

/** The code and the text at the bottom of a failure, whatever wraps it; `fallback` for one without a code. */
export function describeFailure(error: unknown, fallback: ErrorDefinition): Failure {
  const cause = bottomOf(error);
  if (cause instanceof ApplicationFailure) {
    return { code: codeOf(cause.type) ?? fallback.code, reason: cause.message };
  }
  if (cause instanceof TimeoutFailure) {
    const step = error instanceof ActivityFailure ? `${error.activityType} ` : '';
    return { code: fallback.code, reason: `${step}timed out (${cause.timeoutType}): ${cause.message}` };
  }
  return { code: fallback.code, reason: cause instanceof Error ? cause.message : String(cause) };
}

/** What a failed activity tells beside its code; undefined where it could tell nothing. */
export function detailOf(error: unknown, name: string): unknown {
  const cause = bottomOf(error);
  if (!(cause instanceof ApplicationFailure || cause instanceof CancelledFailure)) return undefined;
  const [told] = (cause.details ?? []) as readonly { readonly details?: Readonly<Record<string, unknown>> }[];
  return told?.details?.[name];
}

function bottomOf(error: unknown): unknown {
  let cause: unknown = error;
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause) {
    cause = cause.cause;
  }
  return cause;
}

/** Errors of the product travel under their code; anything else has a class name here. */
function codeOf(type: string | null | undefined): string | null {
  return type !== null && type !== undefined && /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(type) ? type : null;
}
