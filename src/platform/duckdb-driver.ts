import { createRequire } from 'node:module';
import type * as driver from '@duckdb/node-api';

/**
 * DuckDB's driver. It is CommonJS in many files that export each other: to look through them for what `import` could
 * name takes Node longer than to run them.
 */
export const duckdb = createRequire(import.meta.url)('@duckdb/node-api') as typeof driver;
