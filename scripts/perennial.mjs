#!/usr/bin/env node
// The `perennial` command of a checkout. npx links the file that package.json names once and remembers it: so that it
// is there before the first build too, it is this one, and not the built program.
import { existsSync } from 'node:fs';

const program = new URL('../dist/src/cli/main.js', import.meta.url);
if (!existsSync(program)) {
  console.error(
    'perennial: this checkout is not built yet; `npm run dev` sets it up, builds it and starts the stack.',
  );
  process.exit(2);
}
await import(program.href);
