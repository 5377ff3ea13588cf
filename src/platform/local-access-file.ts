import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Beside the state of a local stack, readable by its owner only: where the API is, and a token for it. */
const LOCAL_ACCESS_FILE = 'cli.json';

const LocalAccess = z.object({ url: z.string(), token: z.string() });
export type LocalAccess = z.infer<typeof LocalAccess>;

export const localAccessPath = (dataDir: string): string => join(dataDir, LOCAL_ACCESS_FILE);

/** What the stack of this data directory granted; null when there is none, or none that can be read. */
export function readLocalAccess(dataDir: string): LocalAccess | null {
  try {
    return LocalAccess.parse(JSON.parse(readFileSync(localAccessPath(dataDir), 'utf8')));
  } catch {
    return null;
  }
}
