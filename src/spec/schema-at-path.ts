/** A JSON Schema as far as this module reads it. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

function alternatives(schema: Schema): Schema[] {
  return [
    schema,
    ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].flatMap(alternatives),
  ];
}

/** The keys that are allowed at a path of a document, over all alternatives of the schema there. */
export function allowedKeysAt(root: Schema, path: readonly PropertyKey[]): string[] {
  let here: Schema[] = alternatives(root);
  for (const key of path) {
    here = here.flatMap((schema) => {
      const next =
        typeof key === 'number'
          ? schema.items
          : (schema.properties?.[String(key)] ??
            (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined));
      return next ? alternatives(next) : [];
    });
  }
  return [...new Set(here.flatMap((schema) => Object.keys(schema.properties ?? {})))];
}
