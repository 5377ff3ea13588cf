import { maskPii } from '../pii/mask-pii.ts';

export const SAMPLE_VALUES = 3;
const MAX_LENGTH = 200;

/** A value as it may be shown, to people and in logs: personal data masked, and cut where it is long. */
export function sampleText(value: string): string {
  const masked = maskPii(value.slice(0, 4 * MAX_LENGTH));
  return masked.length > MAX_LENGTH ? `${masked.slice(0, MAX_LENGTH - 1)}…` : masked;
}
