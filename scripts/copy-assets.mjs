// Copies what the compiler leaves behind into dist/: SQL migrations and the like.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ASSET = /\.(sql|html|css)$/;

for (const folder of ['src', 'workflows', 'activities', 'workers']) {
  for (const entry of readdirSync(join(root, folder), { recursive: true })) {
    if (ASSET.test(entry)) place(join(root, folder, entry), join(root, 'dist', folder, entry));
  }
}

/** Only what is new, and whole at once: a process that runs from dist/ may be reading it. */
function place(from, to) {
  const content = readFileSync(from);
  if (existsSync(to) && readFileSync(to).equals(content)) return;
  mkdirSync(dirname(to), { recursive: true });
  const draft = `${to}.${String(process.pid)}.tmp`;
  writeFileSync(draft, content);
  renameSync(draft, to);
}
