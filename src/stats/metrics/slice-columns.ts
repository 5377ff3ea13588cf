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
  const places = new Int32Array(rows);
  return keys.flatMap(({ key, names, codes }) => {
    const starts = placesBySlice(codes, names.length, places);
    for (let c = 0; c < columns.length; c++) scatter(columns[c]!, places, gathered[c]!);
    return names.map((name, s) => {
      const [from, to] = [starts[s]!, starts[s + 1]!];
      const part = gathered.map((column) => column.subarray(from, to));
      return { key, name, count: to - from, metrics: metrics(part) };
    });
  });
}

/** Fills in where each row lies when rows are ordered by slice, −1 for none. @returns where each slice starts, and the end */
function placesBySlice(codes: Int32Array, slices: number, places: Int32Array): Uint32Array {
  const starts = new Uint32Array(slices + 1);
  for (let row = 0; row < codes.length; row++) if (codes[row]! >= 0) starts[codes[row]! + 1]! += 1;
  for (let s = 0; s < slices; s++) starts[s + 1]! += starts[s]!;
  const next = starts.slice();
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!;
    places[row] = code < 0 ? -1 : next[code]!;
    if (code >= 0) next[code]! += 1;
  }
  return starts;
}

function scatter(values: Float64Array, places: Int32Array, into: Float64Array): void {
  for (let row = 0; row < values.length; row++) {
    const place = places[row]!;
    if (place >= 0) into[place] = values[row]!;
  }
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
