import type { z } from 'zod';
import type { Problem } from '../errors/define-error.ts';
import { nearestName } from '../domain/nearest-name.ts';
import { allowedKeysAt } from './schema-at-path.ts';
import { specJsonSchema } from './spec-json-schema.ts';

type Issue = z.core.$ZodIssue;

/** `gates[0].metric`, as people write it. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`,
    '',
  );
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key],
    document,
  );
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** The branch of a union that fits best: the one whose problems lie deepest, and of those the fewest. */
function flatten(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const branches = issue.errors.map((branch) =>
    branch.map((inner): Issue => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(flatten),
  );
  const depth = (branch: Issue[]): number =>
    Math.max(...branch.map((i) => i.path.length + (i.code === 'invalid_type' ? -0.5 : 0)));
  return branches.sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [issue];
}

function explain(
  issue: Issue,
  document: unknown,
  schema: Record<string, unknown>,
): { path: PropertyKey[]; message: string }[] {
  const found = valueAt(document, issue.path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const allowed = allowedKeysAt(schema, issue.path);
      return issue.keys.map((key) => {
        const near = nearestName(key, allowed);
        const hint = near ? `did you mean "${near}"? ` : '';
        return {
          path: [...issue.path, key],
          message: `unknown key "${key}"; ${hint}Allowed here: ${allowed.join(', ') || 'none'}`,
        };
      });
    }
    case 'invalid_value': {
      const allowed = issue.values.map((value) => JSON.stringify(value));
      const near = typeof found === 'string' ? nearestName(found, issue.values.map(String)) : null;
      return [
        {
          path: issue.path,
          message: `found ${shown(found)}, allowed ${allowed.join(', ')}${near ? `; did you mean "${near}"?` : ''}`,
        },
      ];
    }
    case 'invalid_type':
      return [
        {
          path: issue.path,
          message:
            found === undefined
              ? `missing; ${issue.expected} is required here`
              : `found ${shown(found)}, expected ${issue.expected}`,
        },
      ];
    case 'invalid_union': {
      const allowed = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
      const near = typeof found === 'string' ? nearestName(found, allowed) : null;
      const hint = near ? `; did you mean "${near}"?` : '';
      const expected =
        allowed.length > 0 ? `allowed ${allowed.map((v) => `"${v}"`).join(', ')}` : issue.message;
      return [{ path: issue.path, message: `found ${shown(found)}, ${expected}${hint}` }];
    }
    default:
      return [{ path: issue.path, message: `found ${shown(found)}: ${issue.message}` }];
  }
}

/** Turns the schema's issues into problems for a person: path, what was found, what is allowed, the nearest key. */
export function specProblems(
  error: z.ZodError,
  document: unknown,
  locate: (path: readonly PropertyKey[]) => { file: string; line: number } | null,
  schema: Record<string, unknown> = specJsonSchema(),
): Problem[] {
  return error.issues
    .flatMap(flatten)
    .flatMap((issue) => explain(issue, document, schema))
    .map(({ path, message }) => ({ path: formatPath(path), message, ...(locate(path) ?? {}) }));
}
