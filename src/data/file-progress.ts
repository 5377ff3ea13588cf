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
