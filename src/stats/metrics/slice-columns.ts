/** Which slice of one key each row is in: an index into `names`, or a negative number for none of them. */
export interface SliceCodes {
  /** `country`, or crossed `country*device`. */
  readonly key: string;
  readonly names: readonly string[];
  readonly codes: Int32Array;
}

export interface SliceRows<T> {
  readonly key: string;
  readonly name: string;
  readonly count: number;
  readonly metrics: T;
}

/**
 * Metrics of each slice of each key. Rows are gathered slice by slice in one stable pass per key, so that columns that
 * are sorted stay sorted within each slice: ranking by score is paid for once, however many slices there are.
 * `metrics` gets the columns of one slice, as views that are only valid during the call.
 */
export function sliceColumns<T>(
  columns: readonly Float64Array[],
  keys: readonly SliceCodes[],
  metrics: (columns: readonly Float64Array[]) => T,
): SliceRows<T>[] {
  const rows = columns[0]?.length ?? 0;
  const gathered = columns.map(() => new Float64Array(rows));
  return keys.flatMap(({ key, names, codes }) => {
    const starts = new Uint32Array(names.length + 1);
    for (const code of codes) if (code >= 0) starts[code + 1] = starts[code + 1]! + 1;
    for (let s = 0; s < names.length; s++) starts[s + 1] = starts[s + 1]! + starts[s]!;
    const next = starts.slice();
    for (let row = 0; row < codes.length; row++) {
      const code = codes[row]!;
      if (code < 0) continue;
      const to = next[code]!;
      next[code] = to + 1;
      for (let c = 0; c < columns.length; c++) gathered[c]![to] = columns[c]![row]!;
    }
    return names.map((name, s) => {
      const [from, to] = [starts[s]!, starts[s + 1]!];
      const part = gathered.map((column) => column.subarray(from, to));
      return { key, name, count: to - from, metrics: metrics(part) };
    });
  });
}

/** The values at the given rows, in their order. A loop: `from` with a function goes through an iterator. */
export function gather<A extends Float64Array | Int32Array>(values: A, rows: Uint32Array, into: A): A {
  for (let i = 0; i < rows.length; i++) into[i] = values[rows[i]!]!;
  return into;
}

/** The slices of several keys at once; combinations that no row has are left out. */
export function crossCodes(keys: readonly SliceCodes[]): SliceCodes {
  const rows = keys[0]?.codes.length ?? 0;
  const wide = new Float64Array(rows);
  for (const { names, codes } of keys) {
    for (let row = 0; row < rows; row++) {
      const code = codes[row]!;
      wide[row] = code < 0 || wide[row]! < 0 ? -1 : wide[row]! * names.length + code;
    }
  }
  const seen = [...new Set(wide)].filter((code) => code >= 0);
  const nameOf = (code: number): string => {
    let rest = code;
    const parts: string[] = [];
    for (const { names } of keys.toReversed()) {
      parts.unshift(names[rest % names.length]!);
      rest = Math.floor(rest / names.length);
    }
    return parts.join(',');
  };
  const named = seen.map((code) => ({ code, name: nameOf(code) }));
  named.sort((a, b) => (a.name < b.name ? -1 : 1));
  const index = new Map(named.map(({ code }, i) => [code, i]));
  return {
    key: keys.map(({ key }) => key).join('*'),
    names: named.map(({ name }) => name),
    codes: Int32Array.from(wide, (code) => index.get(code) ?? -1),
  };
}
