import { expect, it } from 'vitest';
import { audit } from '../../../examples/plantly/demo/chapters/audit.ts';
import type { Setting } from '../../../examples/plantly/demo/setting.ts';
import { ShopperLedger } from '../../../examples/plantly/simulator/shopper-ledger.ts';
import type { LedgerTotals } from '../../../examples/plantly/simulator/shopper-ledger.ts';

const closed = async (of: Partial<LedgerTotals>) => {
  const totals = { ...new ShopperLedger('unused').totals, visits: 9, ...of };
  const shoppers = { stop: () => Promise.resolve(totals) } as unknown as Setting['shoppers'];
  const books = audit({ shoppers } as Setting).find(({ id }) => id === 'books');
  return books?.run(() => undefined);
};

it('closes the books of visits that were all served', async () => {
  expect(await closed({ retries: 3 })).toMatchObject({ facts: { visits: 9, refused: 0 } });
});

it.each([
  ['was refused for good', { refused: 1 }, '1 were refused for good'],
  ['left not all its traces', { unsettled: 1 }, '1 visits could not leave all their traces'],
])('does not close the books where a visit %s', async (_, totals, reason) => {
  await expect(closed(totals)).rejects.toThrow(reason);
});
