import { join } from 'node:path';

/** The files of a data directory that hold secrets; each has mode 0600, and no other file may hold one. */
export const PRIVATE_FILES = ['stack.json', 'cli.json', 'admin-token'] as const;

export function privateFiles(dataDir: string): string[] {
  return PRIVATE_FILES.map((name) => join(dataDir, name));
}
