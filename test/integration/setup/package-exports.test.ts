import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { productRoot } from '../../../src/embedded/binaries.ts';
import { ensureBuilt } from '../built-product.ts';

it('the built package hands out its statistics under perennial/stats, with their types', () => {
  ensureBuilt('src/stats/index.js');
  const program = `import { populationStabilityIndex } from 'perennial/stats';
    console.log(populationStabilityIndex([0.5, 0.5], [0.5, 0.5]));`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: productRoot(),
    encoding: 'utf8',
  });
  expect(printed.trim()).toBe('0');
  const types = ts.resolveModuleName(
    'perennial/stats',
    join(productRoot(), 'importer.mts'),
    { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
    ts.sys,
  );
  expect(types.resolvedModule?.resolvedFileName).toMatch(/dist\/src\/stats\/index\.d\.ts$/u);
});
