import { specJsonSchema } from './spec-json-schema.ts';
import { specNames } from './spec-names.ts';

interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly pattern?: string;
}

interface Row {
  readonly path: string;
  readonly type: string;
  readonly fallback: string;
  readonly description: string;
}

const DURATION = /^A span of time/;
const DURATION_UNITS = '(ms|s|m|h|d)$';
/** Said once for all the places that take it. */
const SHARED = 'expectations';

function typeOf(schema: Schema): string {
  if (schema.anyOf?.some(({ pattern }) => pattern?.endsWith(DURATION_UNITS))) return 'duration';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' \\| ');
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return [...new Set(options.map(typeOf))].join(' \\| ');
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`;
  if (schema.type === 'object') return schema.properties ? 'section' : 'map';
  return schema.type === undefined ? 'anything' : String(schema.type);
}

/** The literals that tell the branches of a union apart, such as `type: files`. */
function discriminator(schema: Schema): { readonly key: string; readonly text: string } | null {
  const properties = Object.entries(schema.properties ?? {});
  const [first] = properties;
  const single = properties.find(([, property]) => property.const !== undefined);
  if (single) return { key: single[0], text: `${single[0]}: ${String(single[1].const)}` };
  // One branch may stand for several literals: then they come first.
  if (first?.[0] !== 'expect' || !first[1].enum) return null;
  return { key: first[0], text: `${first[0]}: ${first[1].enum.join(', ')}` };
}

function rowsOf(schema: Schema, path: string, required: boolean): Row[] {
  const own: Row = {
    path,
    type: typeOf(schema),
    fallback:
      schema.default === undefined
        ? required
          ? '**required**'
          : ''
        : `\`${JSON.stringify(schema.default)}\``,
    description: schema.description && !DURATION.test(schema.description) ? schema.description : '',
  };
  return [own, ...inside(schema, path)];
}

function inside(schema: Schema, path: string): Row[] {
  const rows: Row[] = [];
  const tag = discriminator(schema)?.key;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.const !== undefined || key === tag) continue;
    if (key === SHARED) {
      rows.push({
        path: `${path}.${key}`,
        type: 'list of section',
        fallback: '`[]`',
        description: `See [${SHARED}](#${SHARED}).`,
      });
      continue;
    }
    rows.push(...rowsOf(property, `${path}.${key}`, schema.required?.includes(key) ?? false));
  }
  if (typeof schema.additionalProperties === 'object' && typeOf(schema.additionalProperties) !== 'string')
    rows.push(...inside(schema.additionalProperties, `${path}.<name>`));
  if (schema.items) rows.push(...inside(schema.items, `${path}[]`));
  for (const option of schema.anyOf ?? schema.oneOf ?? []) {
    const branch = discriminator(option);
    rows.push(...inside(option, branch ? `${path} (${branch.text})` : path));
  }
  return rows;
}

/** The reference page of `perennial.yaml`, from the schema that the product checks by. */
export function specReference(): string {
  const root = specJsonSchema() as Schema;
  const lines = [
    '# Reference of `perennial.yaml`',
    '',
    'Made from the schema; [perennial.schema.json](perennial.schema.json) completes it in editors. A duration is `500ms`,',
    '`30s`, `5m`, `24h`, `7d` or whole milliseconds. Unknown keys are errors. Names that are values: [metrics](#names-of-metrics),',
    '[types of columns](#types-of-columns).',
    '',
  ];
  for (const [key, property] of Object.entries(root.properties ?? {})) {
    lines.push(`## ${key}`, '', '| key | type | default | meaning |', '|---|---|---|---|');
    for (const row of rowsOf(property, key, root.required?.includes(key) ?? false))
      lines.push(`| \`${row.path}\` | ${row.type} | ${row.fallback} | ${row.description} |`);
    lines.push('');
  }
  const shared = firstNamed(root, SHARED);
  if (shared) {
    lines.push(`## ${SHARED}`, '', '| key | type | default | meaning |', '|---|---|---|---|');
    for (const row of inside(shared, SHARED))
      lines.push(`| \`${row.path}\` | ${row.type} | ${row.fallback} | ${row.description} |`);
    lines.push('');
  }
  lines.push(...specNames());
  return lines.join('\n');
}

/** The first property of a name, wherever it lies. */
function firstNamed(schema: Schema, name: string): Schema | null {
  const own = schema.properties?.[name];
  if (own) return own;
  const parts = [
    ...Object.values(schema.properties ?? {}),
    ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
    ...(schema.items ? [schema.items] : []),
    ...(schema.anyOf ?? schema.oneOf ?? []),
  ];
  for (const part of parts) {
    const found = firstNamed(part, name);
    if (found) return found;
  }
  return null;
}
