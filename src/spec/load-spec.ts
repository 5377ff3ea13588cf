import { readFile, stat } from 'node:fs/promises';
import { dirname, extname, isAbsolute, join, relative, resolve } from 'node:path';
import { isNode, LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { ModelSpec } from '../contracts/spec/model-spec.ts';
import type { Problem } from '../errors/define-error.ts';
import { PerennialError } from '../errors/define-error.ts';
import { SPEC_INVALID, SPEC_UNREADABLE } from '../errors/spec-errors.ts';
import { checkReferences } from './check-references.ts';
import { resolveFiles } from './resolve-files.ts';
import { formatPath, specProblems } from './spec-problems.ts';

export interface LoadedSpec {
  readonly spec: ModelSpec;
  /** Absolute path of the file it came from. */
  readonly file: string;
  /** Absolute path of the trainer's directory. */
  readonly trainerDirectory: string;
}

/** A document as it was written, before it is checked. */
export interface RawSpec {
  readonly value: unknown;
  readonly locate: (path: readonly PropertyKey[]) => { file: string; line: number } | null;
}

function parseYaml(text: string, file: string): RawSpec {
  const lines = new LineCounter();
  const document: Document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const shownFile = relative(process.cwd(), file) || file;
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({
      message: error.message,
      file: shownFile,
      line: lines.linePos(error.pos[0]).line,
    }));
    throw new PerennialError(SPEC_UNREADABLE, `${shownFile} is not valid YAML`, { problems });
  }
  const locate: RawSpec['locate'] = (path) => {
    // The nearest node that exists: a missing key is reported at its parent.
    for (let length = path.length; length >= 0; length -= 1) {
      const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return { file: shownFile, line: lines.linePos(node.range[0]).line };
    }
    return null;
  };
  return { value: document.toJS(), locate };
}

/** @throws PerennialError SPEC_UNREADABLE where the module can't be compiled, lacks an import or throws */
async function loadModule(file: string, shownFile: string): Promise<RawSpec> {
  const self = new URL('../index.ts', import.meta.url).pathname;
  const entry = (await stat(self).catch(() => null))
    ? self
    : new URL('../index.js', import.meta.url).pathname;
  const { createJiti } = await import('jiti');
  const jiti = createJiti(import.meta.url, { alias: { perennial: entry }, fsCache: false });
  const module = await jiti.import<Record<string, unknown>>(file).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    throw new PerennialError(SPEC_UNREADABLE, `${shownFile} can't be loaded: ${message}`, { cause: error });
  });
  return { value: module['model'] ?? module['default'], locate: () => null };
}

const READ_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory; name the spec in it',
  EACCES: 'it is not readable for you',
};

/** Reads YAML, JSON or a TypeScript module. @throws PerennialError SPEC_UNREADABLE */
export async function readRaw(file: string): Promise<RawSpec> {
  const shownFile = relative(process.cwd(), file) || file;
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new PerennialError(
      SPEC_UNREADABLE,
      `cannot read ${shownFile}: ${READ_FAULTS[error.code ?? ''] ?? error.message}`,
    );
  });
  switch (extname(file)) {
    case '.yaml':
    case '.yml':
    case '.json':
      return parseYaml(text, file);
    case '.ts':
    case '.mts':
    case '.js':
    case '.mjs':
      return loadModule(file, shownFile);
    default:
      throw new PerennialError(
        SPEC_UNREADABLE,
        `${shownFile}: a spec is a .yaml, .yml, .json, .ts or .js file`,
      );
  }
}

/** Checks a document against the schema and its own references; all problems at once. */
export function parseSpec(value: unknown, locate: RawSpec['locate'] = () => null): ModelSpec {
  const parsed = ModelSpec.safeParse(value);
  const problems: Problem[] = parsed.success
    ? checkReferences(parsed.data).map(({ path, message }) => ({
        path: formatPath(path),
        message,
        ...(locate(path) ?? {}),
      }))
    : specProblems(parsed.error, value, locate);
  if (!parsed.success || problems.length > 0) {
    const first = problems[0];
    throw new PerennialError(
      SPEC_INVALID,
      `${problems.length === 1 ? 'one problem' : `${problems.length} problems`} in the spec${first?.path ? `, first at ${first.path}` : ''}`,
      { problems },
    );
  }
  return parsed.data;
}

/**
 * Reads a spec from YAML, JSON or a TypeScript module, with the SQL files that it names put in place and local
 * source paths made absolute. Throws SPEC_UNREADABLE or SPEC_INVALID with every problem's file, line and path.
 */
export async function loadSpec(path: string): Promise<LoadedSpec> {
  const file = resolve(path);
  const raw = await readRaw(file);
  const spec = parseSpec(raw.value, raw.locate);
  const directory = dirname(file);
  const resolved = await resolveFiles(spec, directory, raw.locate);
  const trainer = spec.training.trainer.directory;
  return { spec: resolved, file, trainerDirectory: isAbsolute(trainer) ? trainer : join(directory, trainer) };
}
