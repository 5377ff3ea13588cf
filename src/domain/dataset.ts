/** One Parquet file of a dataset. Later parts hold later rows. */
export interface DatasetPart {
  readonly digest: string;
  readonly rows: number;
  readonly bytes: number;
}

export function partRows(parts: readonly DatasetPart[]): number {
  return parts.reduce((sum, part) => sum + part.rows, 0);
}

/**
 * Where the run of newest parts begins that are worth rewriting as one: the last two, and before them each that is at
 * most twice as large as all after it. So a row is rewritten as often as its source doubles, not each time that parts
 * become many, and a source of any age keeps few parts.
 * @param parts at least two
 */
export function newestRun(parts: readonly DatasetPart[]): number {
  let from = parts.length;
  let bytes = 0;
  for (const part of [...parts].reverse()) {
    if (parts.length - from >= 2 && part.bytes > 2 * bytes) break;
    from -= 1;
    bytes += part.bytes;
  }
  return from;
}

/**
 * How far ahead of now a row's time may lie and still tell of now: a clock that goes wrong, a zone that was left out, a
 * day that has begun elsewhere. What lies further ahead has been mistyped, and would pass for fresh until then.
 */
export const MAX_AHEAD_MS = 24 * 60 * 60_000;

export interface DatasetColumn {
  readonly name: string;
  /** DuckDB's name of the type. */
  readonly type: string;
}

/** What a column holds, over the batch that was added last. */
export interface ColumnProfile {
  readonly min: string | number | boolean | null;
  readonly max: string | number | boolean | null;
  readonly nulls: number;
  /** Approximate, by HyperLogLog. */
  readonly distinct: number;
}

/** An immutable snapshot of a source. Its digest is the SHA-256 of its canonical JSON. */
export interface DatasetManifest {
  readonly kind: 'dataset';
  readonly model: string;
  readonly environment: string;
  readonly source: string;
  readonly parts: readonly DatasetPart[];
  readonly columns: readonly DatasetColumn[];
  /** Of the newest row per key where there is a primary key, else of all rows. */
  readonly rows: number;
  /** With these, of rows with one key only the newest counts. */
  readonly primaryKey: readonly string[];
  /** Rows in the parts that a newer row of the same key replaces; 0 = the parts can be read as they are. */
  readonly replaced: number;
  /** How far the source had been read before and after the batch that was added last. */
  readonly watermark: { readonly from: string | null; readonly to: string | null };
  /** Digest of the version that this one adds to. */
  readonly parent: string | null;
  readonly profile: Readonly<Record<string, ColumnProfile>>;
}
