import { canonicalJson } from '../canonical-json.ts';

/** One place where two specs differ. `before` or `after` is absent where the key was added or removed. */
export interface SpecChange {
  /** JSON path such as `rollout.weights[2]`. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const PLAIN_KEY = /^[A-Za-z_][\w-]*$/;

function joinKey(path: string, key: string): string {
  if (!PLAIN_KEY.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** The smallest set of changed leaves between two JSON values, in the order of their paths. */
export function diffSpecs(before: unknown, after: unknown, path = ''): SpecChange[] {
  if (canonicalJson(before) === canonicalJson(after)) return [];
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => diffMember(before, after, key, joinKey(path, key)));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const [was, is] = [{ ...(before as unknown[]) }, { ...(after as unknown[]) }] as [Json, Json];
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => String(index)).flatMap((index) =>
      diffMember(was, is, index, `${path}[${index}]`),
    );
  }
  return [{ path, before, after }];
}

function diffMember(before: Json, after: Json, key: string, path: string): SpecChange[] {
  const [was, is] = [before[key], after[key]];
  if (was === undefined && is === undefined) return [];
  if (was === undefined) return [{ path, after: is }];
  if (is === undefined) return [{ path, before: was }];
  return diffSpecs(was, is, path);
}
