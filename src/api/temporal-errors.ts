import {
  isGrpcDeadlineError,
  isGrpcServiceError,
  QueryNotRegisteredError,
  QueryRejectedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { COMMAND_REFUSED } from '../errors/api-errors.ts';
import { errorDefinitions, isPerennialError, PerennialError } from '../errors/define-error.ts';
import type { ErrorDefinition } from '../errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE } from '../errors/lifecycle-errors.ts';
import type { FailureDetails } from '../platform/activity-errors.ts';

/**
 * A workflow's refusal: the failure's type is the code, its message is fit for the reader. A code that this process
 * has not loaded (an activity's) keeps its name and, where the failure carries it, its status.
 */
function refusal(failure: ApplicationFailure): PerennialError {
  const code = failure.type ?? '';
  const [details] = (failure.details ?? []) as [FailureDetails?];
  const known = errorDefinitions().get(code);
  const carried: ErrorDefinition | undefined = /^[A-Z][A-Z0-9_]+$/.test(code)
    ? { code, status: details?.status ?? COMMAND_REFUSED.status, retry: 'never', summary: '' }
    : undefined;
  return new PerennialError(known ?? carried ?? COMMAND_REFUSED, failure.message, { cause: failure });
}

function applicationFailureIn(error: unknown): ApplicationFailure | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof ApplicationFailure) return cause;
  return null;
}

/**
 * What a call to Temporal failed with, as a coded error. `notFound` is what a workflow that does not run means
 * for this call. An error of any other kind is given back unchanged.
 */
export function codedTemporalError(error: unknown, notFound: () => PerennialError): unknown {
  if (isPerennialError(error)) return error;
  if (error instanceof WorkflowNotFoundError) return notFound();
  if (error instanceof WorkflowUpdateFailedError) {
    const failure = applicationFailureIn(error);
    if (failure) return refusal(failure);
    const text = error.cause?.message ?? error.message;
    return new PerennialError(COMMAND_REFUSED, text, { cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error)) {
    const text =
      'Temporal took the command but no worker has answered in time; it may still be carried out. Look at the status before repeating it.';
    return new PerennialError(DEPENDENCY_UNAVAILABLE, text, { cause: error });
  }
  if (error instanceof QueryNotRegisteredError || error instanceof QueryRejectedError)
    return new PerennialError(DEPENDENCY_UNAVAILABLE, 'the workflow could not be asked for its state', {
      cause: error,
    });
  if (isGrpcServiceError(error) || isGrpcServiceError((error as Error | undefined)?.cause))
    return new PerennialError(DEPENDENCY_UNAVAILABLE, 'Temporal did not answer; nothing was asked of it', {
      cause: error,
    });
  return error;
}
