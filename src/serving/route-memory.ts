import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Route } from '../registry/routes.ts';
import type { ServableVersion } from '../registry/servable-versions.ts';

/** A route with all that is needed to obey it without PostgreSQL. */
export interface RememberedRoute {
  readonly route: Route;
  readonly versions: readonly ServableVersion[];
}

const FORMAT = 1;

/** Writes the routes for a start without PostgreSQL; the file is whole or the one before. */
export async function rememberRoutes(path: string, routes: readonly RememberedRoute[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.tmp`;
  await writeFile(temporary, JSON.stringify({ format: FORMAT, routes }));
  await rename(temporary, path);
}

/** The routes of the last run; none when there was no run or its file cannot be used. */
export async function recallRoutes(path: string): Promise<readonly RememberedRoute[]> {
  try {
    const content = JSON.parse(await readFile(path, 'utf8')) as { format: number; routes: RememberedRoute[] };
    return content.format === FORMAT ? content.routes : [];
  } catch {
    return [];
  }
}

/** Whether an older release wrote it down, which knew views by their names alone: it is read anew. */
export function isDated({ versions }: RememberedRoute): boolean {
  return versions.some(({ views }) => Object.values(views).some((view) => view.definition === undefined));
}
