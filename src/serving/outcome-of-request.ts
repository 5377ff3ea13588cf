/**
 * SQL of what the events `o` of one request and outcome come to: their sum or, of a boolean, 1 if any was true, else 0.
 * Feedback takes any number, so above 0 is true.
 */
export const OUTCOME_OF_REQUEST = { boolean: 'max((o.value > 0)::INTEGER)', number: 'sum(o.value)' } as const;
