import { z } from 'zod';

/** Names that become part of ids, paths, tables and URLs: lower case, digits, hyphens and underscores. */
export const Name = z
  .string()
  .regex(
    /^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/,
    'lower-case letters, digits, "-" and "_", starting with a letter',
  )
  .max(63);

/** A column of a dataset: an SQL identifier that needs no quotes. */
export const ColumnName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'letters, digits and "_", not starting with a digit')
  .max(63);

/** SQL given in place, or in a file beside the spec. Exactly one of the two. */
export const SqlText = z.union([
  z.strictObject({ sql: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1).describe('Path relative to the spec file.') }),
]);
export type SqlText = z.infer<typeof SqlText>;

/** What the service itself runs on. A spec that named one would hand it to a trainer, or to whom a source connects. */
const SERVICE_VARIABLES =
  /^(PERENNIAL_.*|DATABASE_URL|TEMPORAL_API_KEY|SMTP_URL|SLACK_BOT_TOKEN|(S3|AWS)_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)|NODE_OPTIONS)$/;

/** Whether a variable is the service's own, which no spec may name. */
export function isServiceVariable(name: string): boolean {
  return SERVICE_VARIABLES.test(name);
}

/** The name of a secret that the workers' configuration holds; a spec never contains a secret itself. */
export const SecretName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]*$/, 'the NAME of an environment variable, in capitals')
  .refine(
    (name) => !isServiceVariable(name),
    "one of the service's own variables, which a spec may not name",
  );
