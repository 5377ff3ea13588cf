const BYTE_ORDER_MARK = '\uFEFF';

/** The column names of a header line, without their quotes. */
export function parseCsvHeader(line: string, delimiter = ','): string[] {
  const text = line.startsWith(BYTE_ORDER_MARK) ? line.slice(1) : line;
  const separator = delimiter === '|' ? '\\|' : delimiter;
  const fields = text.match(new RegExp(`("(?:[^"]|"")*"|[^${separator}]*)(${separator}|$)`, 'g')) ?? [];
  const names = fields.map((field) => (field.endsWith(delimiter) ? field.slice(0, -1) : field));
  // The pattern also matches the nothing after the last field.
  if (!text.endsWith(delimiter)) names.pop();
  return names.map((name) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.trim()));
}
