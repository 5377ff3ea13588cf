import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { productRoot } from '../../../src/embedded/binaries.ts';
import { PRODUCT_PROCESSES } from '../../../src/embedded/product-processes.ts';
import type { ProductProcess } from '../../../src/embedded/product-processes.ts';

/** A copy of dist/ of its own, which a deploy can replace under the processes that run from it. */
export interface DeployableBuild {
  /** The product's processes, run from the copy. */
  readonly products: readonly ProductProcess[];
  /** Puts the next build in its place: the same workflows in a bundle with another checksum. */
  deployNext(): void;
  remove(): void;
}

/** @param folder below the checkout, so that the copy finds its packages; what is in it is replaced */
export function copyBuild(folder: string): DeployableBuild {
  const dist = join(productRoot(), 'dist');
  rmSync(folder, { recursive: true, force: true });
  cpSync(dist, folder, { recursive: true });
  return {
    products: PRODUCT_PROCESSES.map((product) => ({
      ...product,
      main: relative(dist, join(folder, product.main)),
    })),
    deployNext: () => {
      const bundle = join(folder, 'workflow-bundle.js');
      writeFileSync(bundle, nextBuildOf(readFileSync(bundle, 'utf8')));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const SOURCE_MAP = '//# sourceMappingURL=';

/** Before the source map, which a worker reads to the end of the file. */
function nextBuildOf(bundle: string): string {
  const at = bundle.lastIndexOf(SOURCE_MAP);
  if (at < 0) throw new Error('the bundle has no source map');
  return `${bundle.slice(0, at)}// The next build.\n${bundle.slice(at)}`;
}
