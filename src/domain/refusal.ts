import type { ErrorDefinition } from '../errors/define-error.ts';

/** Why a command is not carried out: a registered code and a text for the person who gave it. */
export interface Refusal {
  readonly definition: ErrorDefinition;
  readonly message: string;
}

export function refusal(definition: ErrorDefinition, message: string): Refusal {
  return { definition, message };
}
