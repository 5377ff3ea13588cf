import { expect, it } from 'vitest';
import { NewestLanes } from '../../../src/serving/newest-lanes.ts';

/** Lanes whose work ends when it is told to; `began` and `ended` are items such as 'a1'. */
function lanes(atOnce: number) {
  const began: string[] = [];
  const ends = new Map<string, () => void>();
  let idled = 0;
  const work = (item: string) =>
    new Promise<void>((resolve) => {
      began.push(item);
      ends.set(item, resolve);
    });
  const own = new NewestLanes<string>(work, atOnce, () => (idled += 1));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    began,
    own,
    idled: () => idled,
    add: (item: string) => own.add(item.charAt(0), item),
    async end(item: string) {
      ends.get(item)?.();
      await turn();
    },
  };
}

it('works on one item of a key at a time, and then on the newest, while other keys go on', async () => {
  const { own, began, add, end, idled } = lanes(2);
  for (const item of ['a1', 'a2', 'a3', 'b1']) add(item);
  expect(began).toEqual(['a1', 'b1']);
  await end('b1');
  add('b2');
  expect(began).toEqual(['a1', 'b1', 'b2']);
  await end('a1');
  expect(began).toEqual(['a1', 'b1', 'b2', 'a3']);
  await end('b2');
  expect(idled()).toBe(0);
  await end('a3');
  await own.idle();
  expect(idled()).toBe(1);
});

it('works on no more keys at once than it may, and gives up what has not begun', async () => {
  const { own, began, add, end } = lanes(2);
  for (const item of ['a1', 'b1', 'c1', 'd1']) add(item);
  expect(began).toEqual(['a1', 'b1']);
  await end('a1');
  expect(began).toEqual(['a1', 'b1', 'c1']);
  own.clear();
  await end('b1');
  await end('c1');
  await own.idle();
  expect(began).toEqual(['a1', 'b1', 'c1']);
});
