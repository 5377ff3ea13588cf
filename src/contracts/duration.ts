import { z } from 'zod';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const DurationText = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'a duration such as 500ms, 30s, 5m, 24h or 7d')
  .transform((text) => {
    const [, amount, unit] = /^([\d.]+)(ms|s|m|h|d)$/.exec(text) ?? [];
    return Math.round(Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN));
  });

/**
 * A span of time written as `500ms`, `30s`, `5m`, `24h` or `7d`, or as whole milliseconds; milliseconds once
 * parsed, so that a parsed spec is itself a valid spec.
 */
export const Duration = z
  .union([DurationText, z.int().nonnegative()])
  .meta({ description: 'A span of time: 500ms, 30s, 5m, 24h, 7d, or whole milliseconds.' });
