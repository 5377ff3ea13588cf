import { expect, it } from 'vitest';
import type { Logger } from '../../../src/platform/logger.ts';
import { SeldomLog } from '../../../src/serving/seldom-log.ts';

it('writes the first of a kind at once, and then one in ten seconds with how many it left out', () => {
  const written: unknown[] = [];
  const logger: Pick<Logger, 'warn'> = { warn: (fields: object) => void written.push(fields) };
  const log = new SeldomLog(logger);
  const first = new Error('first');
  log.warn('SPOOL_FULL', first, 'a request was not answered', 0);
  log.warn('GATEWAY_BUSY', first, 'a request was not answered', 1);
  for (const at of [2, 5000, 9999])
    log.warn('SPOOL_FULL', new Error('more'), 'a request was not answered', at);
  const next = new Error('next');
  log.warn('SPOOL_FULL', next, 'a request was not answered', 10_000);
  log.warn('SPOOL_FULL', new Error('more'), 'a request was not answered', 10_001);
  expect(written).toEqual([
    { err: first, leftOut: 0 },
    { err: first, leftOut: 0 },
    { err: next, leftOut: 3 },
  ]);
});
