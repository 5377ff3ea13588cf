// Copies what the compiler leaves behind into dist/: SQL migrations and the like.
import { cpSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ASSET = /\.(sql|html|css)$/;

for (const folder of ['src', 'workflows', 'activities', 'workers']) {
  for (const entry of readdirSync(join(root, folder), { recursive: true })) {
    if (ASSET.test(entry)) cpSync(join(root, folder, entry), join(root, 'dist', folder, entry));
  }
}
