import { relative, resolve } from 'node:path';
import { z } from 'zod';
import { Expectation } from '../contracts/spec/expectations.ts';
import type { Source } from '../contracts/spec/sources.ts';
import { nearestName } from '../domain/nearest-name.ts';
import { PerennialError } from '../errors/define-error.ts';
import { SPEC_INVALID } from '../errors/spec-errors.ts';
import { loadSpec, readRaw } from './load-spec.ts';
import { specProblems } from './spec-problems.ts';

export interface LoadedExpectations {
  readonly expectations: readonly Expectation[];
  /** Columns that a spec declares as text: a file must not guess another type for them. */
  readonly textColumns: readonly string[];
}

const List = z.array(Expectation);

/**
 * Reads expectations from YAML, JSON or TypeScript: a list of them, `expectations:` with such a list, or a whole
 * lifecycle spec and the name of one of its sources.
 * @throws PerennialError SPEC_UNREADABLE, or SPEC_INVALID with every problem's line and the nearest name
 */
export async function loadExpectations(
  path: string,
  source: string | undefined,
): Promise<LoadedExpectations> {
  const file = resolve(path);
  const raw = await readRaw(file);
  const { value } = raw;
  if (isObject(value) && ('apiVersion' in value || 'sources' in value))
    return ofSource(await loadSpec(file), source);
  const shown = relative(process.cwd(), file) || file;
  if (source !== undefined)
    throw new PerennialError(
      SPEC_INVALID,
      `${shown} has no sources; leave --source out, or name a perennial.yaml`,
    );
  const keyed = isObject(value) && 'expectations' in value;
  const list = keyed ? value['expectations'] : value;
  const parsed = List.safeParse(list);
  if (!parsed.success) {
    const locate = (at: readonly PropertyKey[]) => raw.locate(keyed ? ['expectations', ...at] : at);
    const problems = Array.isArray(list)
      ? specProblems(parsed.error, list, locate, z.toJSONSchema(List, { io: 'input' }))
      : [
          {
            message: 'expected a list of expectations, such as - { expect: not_null, column: id }',
            file: shown,
          },
        ];
    throw new PerennialError(
      SPEC_INVALID,
      `${problems.length === 1 ? 'one problem' : `${problems.length} problems`} in the expectations of ${shown}`,
      { problems },
    );
  }
  if (parsed.data.length === 0)
    throw new PerennialError(SPEC_INVALID, `${shown} holds no expectation: nothing would be checked`);
  return { expectations: parsed.data, textColumns: [] };
}

function ofSource(
  {
    spec,
    file,
  }: { readonly spec: { readonly sources: Readonly<Record<string, Source>> }; readonly file: string },
  name: string | undefined,
): LoadedExpectations {
  const names = Object.keys(spec.sources);
  const shown = relative(process.cwd(), file) || file;
  const chosen = name ?? (names.length === 1 ? names[0] : undefined);
  if (chosen === undefined)
    throw new PerennialError(
      SPEC_INVALID,
      `${shown} has the sources ${names.join(', ')}; say whose expectations by --source`,
    );
  const source = spec.sources[chosen];
  if (!source) {
    const near = nearestName(chosen, names);
    throw new PerennialError(
      SPEC_INVALID,
      `${shown} has no source "${chosen}"${near === null ? '' : `; did you mean "${near}"?`} It has ${names.join(', ')}`,
    );
  }
  if (source.expectations.length === 0)
    throw new PerennialError(SPEC_INVALID, `source "${chosen}" of ${shown} has no expectations`);
  const declared = source.type === 'files' ? Object.entries(source.columns ?? {}) : [];
  return {
    expectations: source.expectations,
    textColumns: declared.filter(([, type]) => type === 'VARCHAR').map(([column]) => column),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
