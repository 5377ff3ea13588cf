import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { isPerennialError, PerennialError } from '../errors/define-error.ts';

/** What a workflow or a client reads from `ApplicationFailure.details[0]` of a coded error. */
export interface FailureDetails {
  readonly status: number;
  readonly problems: readonly unknown[];
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * A coded error as the failure that Temporal carries: `type` is the code, and `retry: 'never'` is not retried.
 * Any other value is given back as it is, so that unknown errors stay retryable and cancellations stay cancellations.
 * Causes are left out: they may name hosts and users that don't belong in a history.
 */
export function toApplicationFailure(error: unknown): unknown {
  if (!isPerennialError(error)) return error;
  const details: FailureDetails = {
    status: error.status,
    problems: error.problems,
    details: error.details,
  };
  const failure = ApplicationFailure.create({
    message: error.message,
    type: error.code,
    nonRetryable: error.retry === 'never',
    details: [details],
    // How long a dependency asked to be left alone.
    ...(typeof error.details['retryAfterMs'] === 'number'
      ? { nextRetryDelay: error.details['retryAfterMs'] }
      : {}),
  });
  if (error.stack !== undefined) failure.stack = error.stack;
  return failure;
}

/** The same failure with more to tell; one that has no code but is a cancellation tells it where a coded one does. */
export function withDetails(error: unknown, more: FailureDetails['details']): unknown {
  if (isPerennialError(error)) {
    const { code, status, retry, message, problems } = error;
    const details = { ...error.details, ...more };
    const definition = { code, status, retry, summary: message };
    return new PerennialError(definition, message, { problems, details, cause: error });
  }
  return error instanceof CancelledFailure ? new CancelledFailure(error.message, [{ details: more }]) : error;
}

type Activity = (...args: never[]) => Promise<unknown>;

/** The same activities, whose coded errors reach Temporal as failures of that code. Every worker registers these. */
export function wrapActivities<T extends { readonly [K in keyof T]: Activity }>(activities: T): T {
  const wrapped = Object.entries<Activity>(activities).map(([name, activity]) => [
    name,
    async (...args: never[]): Promise<unknown> => {
      try {
        return await activity(...args);
      } catch (error) {
        throw toApplicationFailure(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}
