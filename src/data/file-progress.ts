import type { ListedFile } from './file-listing.ts';

/** What has been read of one file. Kept in the source's position under the file's address. */
export interface FileProgress {
  /** Bytes and lines read so far, in whole lines for NDJSON. */
  readonly bytes: number;
  readonly lines: number;
  /** Of the file when it was looked at last: the same size and stamp mean that nothing is new. */
  readonly size: number;
  readonly stamp: string;
  /** SHA-256 of the first `headBytes` bytes: a file that has been replaced is noticed. */
  readonly head: string;
  readonly headBytes: number;
  /** SHA-256 of the bytes read last. */
  readonly digest: string;
  /** None of its rows are in the dataset. Once it changes it is read anew: it may have been unfinished, or was mended. */
  readonly nothingTaken: boolean;
  /** SHA-256 of all its bytes so far, where nothing had been taken before these: that they are written anew is noticed. */
  readonly untaken?: string;
  /** Bytes of a torn line that they end in: it may be finished yet. */
  readonly torn?: number;
  /** Of the file, where it has one. */
  readonly identity?: string;
}

/** Whether a listing shows anything that has not been read. */
export function hasNews(file: ListedFile, before: FileProgress | undefined): boolean {
  return before === undefined ? file.size > 0 : file.size !== before.size || file.stamp !== before.stamp;
}

export interface Followed {
  /** What has been read, under the names that the files have now. */
  readonly files: Readonly<Record<string, FileProgress>>;
  /** Those of the names that are new. */
  readonly renamed: ReadonlySet<string>;
}

/** Knows files again that were renamed: a log that was rotated is not read again. */
export function followRenames(
  progress: Readonly<Record<string, FileProgress>>,
  listed: readonly ListedFile[],
): Followed {
  const present = new Map(listed.map((file) => [file.uri, file.identity]));
  const gone = new Map<string, string>();
  for (const [uri, { identity }] of Object.entries(progress))
    if (identity !== undefined && present.get(uri) !== identity) gone.set(identity, uri);
  const moved = new Map<string, FileProgress>();
  const left = new Set<string>();
  for (const { uri, identity } of listed) {
    const before = identity === undefined ? undefined : gone.get(identity);
    const known = before === undefined ? undefined : progress[before];
    if (before === undefined || known === undefined || progress[uri]?.identity === identity) continue;
    moved.set(uri, known);
    left.add(before);
    gone.delete(known.identity ?? '');
  }
  const stayed = Object.entries(progress).filter(([uri]) => !left.has(uri));
  return {
    files: { ...Object.fromEntries(stayed), ...Object.fromEntries(moved) },
    renamed: new Set(moved.keys()),
  };
}

/** Files with news in the order in which they are read: what was added to a rotated log is older than its successor. */
export function readingOrder(news: readonly ListedFile[], renamed: ReadonlySet<string>): ListedFile[] {
  const rotated = news.filter((file) => renamed.has(file.uri));
  return [
    ...rotated.sort((a, b) => Number(a.stamp) - Number(b.stamp)),
    ...news.filter((file) => !renamed.has(file.uri)),
  ];
}
