import { readFile } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import type { SqlText } from '../contracts/spec/names.ts';
import type { Problem } from '../errors/define-error.ts';
import { PerennialError } from '../errors/define-error.ts';
import { SPEC_UNREADABLE } from '../errors/spec-errors.ts';
import { formatPath } from './spec-problems.ts';

type Locate = (path: readonly PropertyKey[]) => { file: string; line: number } | null;

/** Puts the text of SQL files in the place of their names and makes local source paths absolute. */
export async function resolveFiles(spec: ModelSpec, directory: string, locate: Locate): Promise<ModelSpec> {
  const problems: Problem[] = [];
  const sql = async (text: SqlText, path: readonly PropertyKey[]): Promise<SqlText> => {
    if ('sql' in text) return text;
    try {
      return { sql: await readFile(resolve(directory, text.file), 'utf8') };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      problems.push({
        path: formatPath([...path, 'file']),
        message:
          code === 'ENOENT'
            ? `there is no file "${text.file}" beside the spec`
            : `cannot read "${text.file}": ${String(code)}`,
        ...(locate([...path, 'file']) ?? {}),
      });
      return text;
    }
  };

  const views: ModelSpec['features']['views'] = {};
  for (const [name, view] of Object.entries(spec.features.views))
    views[name] = { ...view, query: await sql(view.query, ['features', 'views', name, 'query']) };

  const spine = {
    ...spec.training.spine,
    query: await sql(spec.training.spine.query, ['training', 'spine', 'query']),
  };
  const recommendations = spec.evaluation.recommendations && {
    ...spec.evaluation.recommendations,
    entities: await sql(spec.evaluation.recommendations.entities, [
      'evaluation',
      'recommendations',
      'entities',
    ]),
    candidates: await sql(spec.evaluation.recommendations.candidates, [
      'evaluation',
      'recommendations',
      'candidates',
    ]),
  };
  const gatesOf = async (
    gates: ModelSpec['gates'],
    path: readonly PropertyKey[],
  ): Promise<ModelSpec['gates']> =>
    Promise.all(
      gates.map(async (gate, index) =>
        gate.type === 'rule' ? { ...gate, query: await sql(gate.query, [...path, index, 'query']) } : gate,
      ),
    );
  const gates = await gatesOf(spec.gates, ['gates']);
  const environments: ModelSpec['environments'] = {};
  for (const [name, overrides] of Object.entries(spec.environments)) {
    environments[name] = overrides.gates
      ? { ...overrides, gates: await gatesOf(overrides.gates, ['environments', name, 'gates']) }
      : overrides;
  }
  const sources: ModelSpec['sources'] = {};
  for (const [name, source] of Object.entries(spec.sources)) {
    const local = source.type === 'files' && !source.uri.startsWith('s3://') && !isAbsolute(source.uri);
    sources[name] = local ? { ...source, uri: resolve(directory, source.uri) } : source;
  }
  if (problems.length > 0)
    throw new PerennialError(SPEC_UNREADABLE, 'the spec names files that cannot be read', { problems });
  return {
    ...spec,
    sources,
    environments,
    gates,
    features: { ...spec.features, views },
    training: { ...spec.training, spine },
    evaluation: recommendations ? { ...spec.evaluation, recommendations } : spec.evaluation,
  };
}
