import { FileGone, isUnique } from './file-listing.ts';
import type { FileAccess, ListedFile } from './file-listing.ts';
import { hasNews } from './file-progress.ts';
import type { FileProgress } from './file-progress.ts';
import { replacedReason } from './file-start.ts';

export interface Followed {
  readonly listed: readonly ListedFile[];
  /** What has been read, under the names that the files have now. */
  readonly files: Readonly<Record<string, FileProgress>>;
  /** Those of the names that are new. */
  readonly renamed: ReadonlySet<string>;
}

const MAX_LISTINGS = 5;

/**
 * Lists the files of a source and knows those again that were renamed: a log that was rotated is not read again.
 * @throws FileGone where one is renamed as often as it is looked at
 */
export async function listFollowed(
  access: FileAccess,
  pattern: string,
  progress: Readonly<Record<string, FileProgress>>,
  growing: boolean,
): Promise<Followed> {
  for (let listings = 1; ; listings += 1) {
    const listed = await access.list(pattern);
    try {
      return await followRenames(access, progress, listed, growing);
    } catch (error) {
      // What is known of one file would be given up for that of another, which has its name no longer.
      if (!(error instanceof FileGone) || listings === MAX_LISTINGS) throw error;
    }
  }
}

async function followRenames(
  access: FileAccess,
  progress: Readonly<Record<string, FileProgress>>,
  listed: readonly ListedFile[],
  growing: boolean,
): Promise<Followed> {
  const present = new Map(listed.map((file) => [file.uri, file.identity]));
  const gone = new Map<string, Map<string, FileProgress>>();
  for (const [uri, known] of Object.entries(progress)) {
    const identity = identityOf(known);
    if (identity === undefined || present.get(uri) === identity) continue;
    gone.set(identity, (gone.get(identity) ?? new Map<string, FileProgress>()).set(uri, known));
  }
  const moved = new Map<string, FileProgress>();
  const left = new Set<string>();
  for (const file of listed) {
    const candidates = file.identity === undefined ? undefined : gone.get(file.identity);
    if (candidates === undefined || identityOf(progress[file.uri]) === file.identity) continue;
    const before = await nameBefore(access, file, candidates, growing);
    const known = before === null ? undefined : candidates.get(before);
    if (before === null || known === undefined) continue;
    moved.set(file.uri, known);
    left.add(before);
    candidates.delete(before);
  }
  const stayed = Object.entries(progress).filter(([uri]) => !left.has(uri));
  return {
    listed,
    files: { ...Object.fromEntries(stayed), ...Object.fromEntries(moved) },
    renamed: new Set(moved.keys()),
  };
}

/** Positions that were written earlier name the device too, of which the number changes. */
function identityOf(known: FileProgress | undefined): string | undefined {
  return known?.identity?.split(':').slice(-2).join(':');
}

/** The longest of the files that a file may have been. */
async function nameBefore(
  access: FileAccess,
  file: ListedFile,
  candidates: ReadonlyMap<string, FileProgress>,
  growing: boolean,
): Promise<string | null> {
  for (const [uri, known] of [...candidates].sort(([, a], [, b]) => b.bytes - a.bytes))
    if (
      isUnique(file.identity ?? '') ||
      ((growing || !hasNews(file, known)) && (await replacedReason(access, file, known)) === null)
    )
      return uri;
  return null;
}

/** Files with news in the order in which they are read: what was added to a rotated log is older than its successor. */
export function readingOrder(news: readonly ListedFile[], renamed: ReadonlySet<string>): ListedFile[] {
  const rotated = news.filter((file) => renamed.has(file.uri));
  return [
    ...rotated.sort((a, b) => Number(a.stamp) - Number(b.stamp)),
    ...news.filter((file) => !renamed.has(file.uri)),
  ];
}
