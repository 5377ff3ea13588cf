import Table from 'cli-table3';
import pc from 'picocolors';
import type { PerennialError } from '../errors/define-error.ts';
import { forTerminal } from './terminal-text.ts';

/** A plain table without rules, as `kubectl` and `gh` print them. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly (string | number | null | undefined)[])[],
  aligns: readonly ('left' | 'right')[] = head.map(() => 'left'),
): string {
  const bare = Object.fromEntries(
    [
      'top',
      'top-mid',
      'top-left',
      'top-right',
      'bottom',
      'bottom-mid',
      'bottom-left',
      'bottom-right',
      'left',
      'left-mid',
      'mid',
      'mid-mid',
      'right',
      'right-mid',
    ].map((k) => [k, '']),
  );
  const table = new Table({
    head: head.map((h) => pc.dim(h.toUpperCase())),
    chars: { ...bare, middle: '  ' },
    colAligns: [...aligns],
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  for (const row of rows)
    table.push(
      row.map((cell) => (cell === null || cell === undefined ? pc.dim('–') : oneLine(String(cell)))),
    );
  return table.toString().replace(/[ \t]+$/gm, '');
}

/** A row is one line: no cell of it makes another that looks like a row. */
function oneLine(text: string): string {
  return text.replaceAll(/\s*[\n\t]\s*/g, ' ');
}

/** `4 min ago`, for times that people read. */
export function ago(iso: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(iso)) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** Text on one line, cut where it is long. */
export function clip(text: string, max: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
}

const GOOD = new Set([
  'champion',
  'pass',
  'approved',
  'resolved',
  'whole',
  'validated',
  'delivered',
  'stable',
  'none',
]);
const BAD = new Set([
  'failed',
  'fail',
  'drifted',
  'missing more',
  'missing less',
  'pii',
  'rejected',
  'denied',
  'rolled_back',
  'rollback_failed',
  'critical',
  'open',
  'error',
  'aborted',
  'quarantined',
]);

/** Colours a state, or a text about it, by what it means, where the terminal has colours. */
export function paint(state: string, text = state): string {
  if (GOOD.has(state)) return pc.green(text);
  if (BAD.has(state)) return pc.red(text);
  return ['retired', 'expired', 'ok'].includes(state) ? pc.dim(text) : pc.yellow(text);
}

/** An error as a person reads it: code, message, and one line for each problem with its place. */
export function renderError(error: PerennialError): string {
  const { code, message, problems } = forTerminal({
    code: error.code,
    message: error.message,
    problems: error.problems,
  });
  const lines = [`${pc.red('error')} ${pc.bold(code)}: ${message}`];
  for (const problem of problems) {
    // A single problem is often in the message itself.
    if (problems.length === 1 && message.includes(problem.message)) continue;
    const place = problem.file ? `${problem.file}${problem.line ? `:${problem.line}` : ''} ` : '';
    lines.push(`  ${pc.dim(place)}${problem.path ? `${pc.cyan(problem.path)}: ` : ''}${problem.message}`);
  }
  return lines.join('\n');
}
