/** SQL of what the events `o` of one request and outcome come to: their sum or, of a boolean, whether any was true. */
export const OUTCOME_OF_REQUEST = { boolean: 'max(o.value)', number: 'sum(o.value)' } as const;
