import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** `src/serving` asks DuckDB about the gateways' own log, with parameters: see measure-rollout.ts. */
const FOLDERS = [
  'src/registry',
  'src/api',
  'src/serving',
  'src/monitoring',
  'src/notifications',
  'activities',
];
const QUERY = /\.query(?:<[^`;]*?>)?\(\s*`([^`]*)`/g;
const INSERTED = /\$\{([^}]*)\}/g;

/** A CONSTANT of the module is text of ours; whatever else is put into a statement could hold anything. */
const CONSTANT = /^[A-Z][A-Z_]*$/;

it('PostgreSQL gets values as parameters only: nothing but constants is put into the text of a statement', () => {
  const inserted: string[] = [];
  let statements = 0;
  for (const folder of FOLDERS)
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      for (const [, sql = ''] of readFileSync(join(folder, file), 'utf8').matchAll(QUERY)) {
        statements += 1;
        for (const [, expression = ''] of sql.matchAll(INSERTED))
          if (!CONSTANT.test(expression)) inserted.push(`${folder}/${file}: ${expression}`);
      }
    }
  expect(statements).toBeGreaterThan(40);
  // Text of ours, put together of constants, for DuckDB.
  expect(inserted.sort()).toEqual([
    'src/serving/measure-rollout.ts: own',
    'src/serving/outcomes-of-requests.ts: own',
  ]);
});
