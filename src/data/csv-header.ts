const BYTE_ORDER_MARK = '\uFEFF';

/** The column names of a comma-separated header line, without their quotes. */
export function parseCsvHeader(line: string): string[] {
  const text = line.startsWith(BYTE_ORDER_MARK) ? line.slice(1) : line;
  const fields = text.match(/("(?:[^"]|"")*"|[^,]*)(,|$)/g) ?? [];
  const names = fields.map((field) => field.replace(/,$/, ''));
  // The pattern also matches the nothing after the last field.
  if (!text.endsWith(',')) names.pop();
  return names.map((name) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.trim()));
}
