import { setImmediate } from 'node:timers/promises';
import type { PiiKind } from '../../domain/pii-kind.ts';
import { maskText } from './mask-pii.ts';
import type { PiiCandidate } from './pii-candidates.ts';
import { columnWords, piiShapes, settle } from './recognise-pii.ts';
import type { PiiShape } from './recognise-pii.ts';

/** What a kind's matches in one column amount to. */
export interface KindFinding {
  readonly kind: PiiKind;
  /** `possible`: no more of them than chance gives, or nothing but a run of digits says so. */
  readonly verdict: 'pii' | 'possible';
  /** Values that hold it; an estimate where the column was sampled. */
  readonly values: number;
  /** Of the values that are not null. */
  readonly share: number;
  readonly reason: string;
  /** Up to three of them, masked. */
  readonly samples: readonly string[];
}

export interface ColumnFinding {
  readonly kinds: readonly KindFinding[];
  /** Values that hold any kind whose verdict is `pii`. */
  readonly piiValues: number;
  readonly sampled: boolean;
}

interface Seen {
  readonly kind: PiiKind;
  readonly bare: boolean;
  readonly chance: number;
  /** Distinct values of the form, and of these the ones that pass the check. */
  shaped: number;
  valid: number;
  /** How many of them chance may let pass: of a text with several numbers more than of one. */
  byChance: number;
  rows: number;
  readonly samples: Set<string>;
}

const SAMPLES = 3;
/** From this many distinct values on, how many pass the check digits tells numbers of a kind from any others. */
const ENOUGH = 20;
/** Among numbers of a kind nearly all pass, but for typing errors. */
const NEARLY_ALL = 0.9;
/** That this share of single numbers passes, or three times what chance gives, is no wonder; that nearly all do is. */
const LEAST_SHARE = 0.3;

/** Of text that is looked into, after which others have a turn: timers, and heartbeats with them, must not wait. */
const TURN_CHARS = 256 * 1024;

/** Judges one column by its candidates. `present` is the number of its values that are not null. */
export async function judgeColumn(
  name: string,
  candidates: readonly PiiCandidate[],
  present: number,
  wanted: (kind: PiiKind) => boolean,
): Promise<ColumnFinding> {
  const seen = new Map<string, Seen>();
  const held: { readonly kinds: ReadonlySet<string>; readonly rows: number }[] = [];
  const weightOf = classWeights(candidates);
  let chars = 0;
  for (const candidate of candidates) {
    chars += candidate.value.length;
    if (chars >= TURN_CHARS) {
      chars = 0;
      await setImmediate();
    }
    const rows = candidate.n * (weightOf.get(candidate.class) ?? 1);
    const shapes = piiShapes(candidate.value, name).filter((shape) => wanted(shape.kind));
    const told = settle(shapes.filter((shape) => shape.valid && !isBare(shape)));
    for (const key of new Set(shapes.map(keyOf))) {
      const own = shapes.filter((shape) => keyOf(shape) === key);
      const valid = (own[0] && isBare(own[0]) ? own : told).filter((s) => s.valid && keyOf(s) === key);
      count(seen, key, own, valid, candidate.value, rows);
    }
    held.push({ kinds: new Set(shapes.filter((s) => s.valid).map(keyOf)), rows });
  }
  const kinds = [...seen].flatMap(([key, one]) => {
    const finding = judgeKind(one, present);
    return finding === null ? [] : [{ key, finding }];
  });
  const certain = new Set(kinds.filter((k) => k.finding.verdict === 'pii').map((k) => k.key));
  const withPii = held.filter((value) => [...value.kinds].some((key) => certain.has(key)));
  return {
    kinds: strongest(kinds.map((k) => k.finding)),
    piiValues: Math.round(withPii.reduce((sum, value) => sum + value.rows, 0)),
    sampled: candidates.some((candidate) => isSampled(candidate, weightOf)),
  };
}

function isBare(shape: PiiShape): boolean {
  return shape.strength === 'bare' && !shape.hinted;
}

function keyOf(shape: PiiShape): string {
  return `${shape.kind}${isBare(shape) ? ' bare' : ''}`;
}

function classWeights(candidates: readonly PiiCandidate[]): Map<string, number> {
  const read = new Map<string, number>();
  const all = new Map<string, number>();
  for (const c of candidates) {
    read.set(c.class, (read.get(c.class) ?? 0) + c.n);
    all.set(c.class, c.class_rows);
  }
  return new Map([...read].map(([name, rows]) => [name, (all.get(name) ?? rows) / rows]));
}

function isSampled(candidate: PiiCandidate, weights: ReadonlyMap<string, number>): boolean {
  return (weights.get(candidate.class) ?? 1) > 1;
}

function count(
  seen: Map<string, Seen>,
  key: string,
  shapes: readonly PiiShape[],
  valid: readonly PiiShape[],
  text: string,
  rows: number,
): void {
  const [first] = shapes;
  if (!first) return;
  const one = seen.get(key) ?? {
    kind: first.kind,
    bare: isBare(first),
    chance: Math.max(...shapes.map((shape) => shape.recogniser.chance)),
    shaped: 0,
    valid: 0,
    byChance: 0,
    rows: 0,
    samples: new Set<string>(),
  };
  one.shaped += 1;
  const share = Math.min(NEARLY_ALL, Math.max(LEAST_SHARE, 3 * one.chance));
  one.byChance += 1 - (1 - share) ** shapes.length;
  if (valid.length > 0) {
    one.valid += 1;
    one.rows += rows;
    for (const { start, end } of valid)
      if (one.samples.size < SAMPLES) one.samples.add(maskText(text.slice(start, end)));
  }
  seen.set(key, one);
}

function judgeKind(one: Seen, present: number): KindFinding | null {
  if (one.valid === 0) return null;
  const rate = one.valid / one.shaped;
  const share = Math.min(1, one.rows / present);
  const finding = (verdict: KindFinding['verdict'], reason: string): KindFinding => ({
    kind: one.kind,
    verdict,
    values: Math.round(one.rows),
    share,
    reason,
    samples: [...one.samples].sort(),
  });
  const passed = `${String(one.valid)} of ${String(one.shaped)} distinct values of its form pass its check`;
  if (one.bare) {
    const wholeColumn = one.shaped >= ENOUGH && rate >= NEARLY_ALL && share >= 0.5;
    if (wholeColumn && one.chance <= 0.2) return finding('pii', `${passed}, far more than chance`);
    if (one.kind === 'phone_number') return finding('possible', 'digits alone, that could be dialled');
    return null;
  }
  if (one.chance > 0.02 && one.shaped >= ENOUGH && one.valid <= one.byChance)
    return finding('possible', `${passed}, as many as chance gives`);
  return finding('pii', one.chance > 0 ? passed : 'by its form');
}

/** One finding for each kind, the more certain; the most frequent first. */
function strongest(findings: readonly KindFinding[]): KindFinding[] {
  const byKind = new Map<PiiKind, KindFinding>();
  for (const finding of findings) {
    const other = byKind.get(finding.kind);
    if (!other || (other.verdict === 'possible' && finding.verdict === 'pii'))
      byKind.set(finding.kind, finding);
  }
  return [...byKind.values()].sort((a, b) => b.values - a.values || (a.kind < b.kind ? -1 : 1));
}

/** Personal data that no form tells: only what a column is called says that it may hold it. */
const NAMED: readonly (readonly [what: string, words: RegExp])[] = [
  ['a name', /\b(?:first|last|full|given|family|middle|maiden|sur|customer|patient|employee|user) ?name\b/i],
  ['an address', /\b(?:street|address|postcode|postal ?code|zip ?code|zip)\b/i],
  ['a date of birth', /\b(?:birth ?date|date ?of ?birth|dob|birthday)\b/i],
  ['a document number', /\b(?:passport|driver'?s? ?licen[cs]e|licen[cs]e ?(?:no|number)|national ?id)\b/i],
  ['a secret', /\b(?:password|passwd|pin|secret|api ?key|token)\b/i],
  ['a sensitive attribute', /\b(?:religion|ethnicity|race|sexual ?orientation|diagnosis)\b/i],
];

/** What a column's name alone says that it may hold; null where it says nothing. */
export function namedContent(column: string): string | null {
  const words = columnWords(column);
  return NAMED.find(([, pattern]) => pattern.test(words))?.[0] ?? null;
}
