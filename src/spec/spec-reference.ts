import { specJsonSchema } from './spec-json-schema.ts';

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
}

interface Row {
  readonly path: string;
  readonly type: string;
  readonly fallback: string;
  readonly description: string;
}

const DURATION = /^A span of time/;

function typeOf(schema: Schema): string {
  if (schema.description && DURATION.test(schema.description)) return 'duration';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' \\| ');
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return [...new Set(options.map(typeOf))].join(' \\| ');
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`;
  if (schema.type === 'object') return schema.properties ? 'section' : 'map';
  return schema.type === undefined ? 'anything' : String(schema.type);
}

/** The literal that tells the branches of a union apart, such as `type: "files"`. */
function discriminator(schema: Schema): string | null {
  const entry = Object.entries(schema.properties ?? {}).find(([, property]) => property.const !== undefined);
  return entry ? `${entry[0]}: ${String(entry[1].const)}` : null;
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
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.const !== undefined) continue;
    rows.push(...rowsOf(property, `${path}.${key}`, schema.required?.includes(key) ?? false));
  }
  if (typeof schema.additionalProperties === 'object' && typeOf(schema.additionalProperties) !== 'string')
    rows.push(...inside(schema.additionalProperties, `${path}.<name>`));
  if (schema.items) rows.push(...inside(schema.items, `${path}[]`));
  for (const option of schema.anyOf ?? schema.oneOf ?? []) {
    const tag = discriminator(option);
    rows.push(...inside(option, tag ? `${path} (${tag})` : path));
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
    '`30s`, `5m`, `24h`, `7d` or whole milliseconds. Unknown keys are errors.',
    '',
  ];
  for (const [key, property] of Object.entries(root.properties ?? {})) {
    lines.push(`## ${key}`, '', '| key | type | default | meaning |', '|---|---|---|---|');
    for (const row of rowsOf(property, key, root.required?.includes(key) ?? false))
      lines.push(`| \`${row.path}\` | ${row.type} | ${row.fallback} | ${row.description} |`);
    lines.push('');
  }
  return lines.join('\n');
}
