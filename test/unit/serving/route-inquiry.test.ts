import { expect, it } from 'vitest';
import { RouteInquiry } from '../../../src/serving/route-inquiry.ts';

/** Questions that are answered when the test says so. */
function questions() {
  const asked: { models: readonly string[]; tell: (found: [string, number][]) => void; fail: () => void }[] =
    [];
  const inquiry = new RouteInquiry(
    (models) =>
      new Promise((resolve, reject) =>
        asked.push({
          models,
          tell: (found) => resolve(new Map(found)),
          fail: () => reject(new Error('away')),
        }),
      ),
  );
  const begun = async (count: number) => {
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toHaveLength(count);
    return asked[count - 1] ?? expect.unreachable();
  };
  return { inquiry, begun };
}

it('asks one question at a time; who comes while it is under way shares the next', async () => {
  const { inquiry, begun } = questions();
  const [fern, moss] = [inquiry.newestOf('fern'), inquiry.newestOf('moss')];
  const first = await begun(1);
  expect(first.models).toEqual(['fern', 'moss']);
  const later = [inquiry.newestOf('fern'), inquiry.newestOf('fern'), inquiry.newestOf('ivy')];
  await begun(1);
  first.tell([['moss', 3]]);
  expect(await Promise.all([fern, moss])).toEqual([0, 3]);
  const second = await begun(2);
  expect(second.models).toEqual(['fern', 'ivy']);
  second.tell([['fern', 1]]);
  expect(await Promise.all(later)).toEqual([1, 1, 0]);
});

it('fails those who asked, and asks on', async () => {
  const { inquiry, begun } = questions();
  const asked = inquiry.newestOf('fern');
  const first = await begun(1);
  const later = inquiry.newestOf('fern');
  first.fail();
  await expect(asked).rejects.toThrow('away');
  (await begun(2)).tell([['fern', 2]]);
  expect(await later).toBe(2);
});

it('takes silence and failure for a newer route, and asks nothing of what no model can be called', async () => {
  const { inquiry, begun } = questions();
  expect(await inquiry.mayHaveNewer('no\u0000thing', 0)).toBe(false);
  const known = [inquiry.mayHaveNewer('fern', 1), inquiry.mayHaveNewer('fern', 2)];
  (await begun(1)).tell([['fern', 2]]);
  expect(await Promise.all(known)).toEqual([true, false]);
  const failed = inquiry.mayHaveNewer('fern', 2);
  (await begun(2)).fail();
  expect(await failed).toBe(true);
  expect(await inquiry.mayHaveNewer('fern', 2)).toBe(true);
});
