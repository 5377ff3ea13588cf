import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { PerennialError } from '../errors/define-error.ts';
import type { Problem } from '../errors/define-error.ts';
import { CONFIG_INVALID } from '../errors/platform-errors.ts';

/** Signatures by these are checked however often they are wrong, so that they must not be guessed. */
const SECRET_MIN_CHARS = 16;
const DEFAULT_API_PORT = 7080;
const DEFAULT_GATEWAY_PORT = 7090;

const text = z.string().trim().min(1);
const port = z.coerce.number().int().min(1).max(65_535);
const url = (protocols: readonly string[]) =>
  text.refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `must be a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  });
const http = url(['http:', 'https:']);
const mailbox = z.email();
const commaList = text.transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const hostList = commaList.pipe(
  z.array(
    z
      .string()
      .regex(
        /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$/,
        'must be a comma-separated list of host or host:port',
      ),
  ),
);
const MAX_PREFIX = { 4: 32, 6: 128 } as const;
const isNetwork = (value: string): boolean => {
  const [address = '', prefix, ...rest] = value.split('/');
  const family = isIP(address);
  if (family !== 4 && family !== 6) return false;
  return (
    rest.length === 0 &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= MAX_PREFIX[family]))
  );
};
const networkList = commaList.pipe(
  z.array(
    z
      .string()
      .refine(isNetwork, 'must be a comma-separated list of addresses or networks such as 10.0.0.0/8'),
  ),
);
const webhookSecrets = text.transform((value, context): Record<string, string> => {
  try {
    return z.record(z.string().min(1), z.string().min(SECRET_MIN_CHARS)).parse(JSON.parse(value));
  } catch {
    context.addIssue({
      code: 'custom',
      message: `must be a JSON object of name to secret, such as {"github":"..."}; a secret has at least ${String(SECRET_MIN_CHARS)} characters`,
    });
    return z.NEVER;
  }
});

/** Every environment variable that a process of the product reads. Nothing else looks at `process.env`. */
const Environment = z
  .object({
    PERENNIAL_ENVIRONMENT: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be a short lower-case name such as dev, staging or prod')
      .default('dev'),
    PERENNIAL_DATA_DIR: text.default('.perennial'),
    PERENNIAL_SOURCE_DIRS: commaList.optional(),
    TEMPORAL_ADDRESS: text.regex(/^[^\s:/]+:\d{1,5}$/, 'must be host:port, such as 127.0.0.1:7233'),
    TEMPORAL_NAMESPACE: text.optional(),
    TEMPORAL_API_KEY: text.optional(),
    TEMPORAL_TLS: z.stringbool().optional(),
    DATABASE_URL: url(['postgres:', 'postgresql:']),
    S3_ENDPOINT: http.optional(),
    S3_BUCKET: text.default('perennial'),
    S3_REGION: text.optional(),
    AWS_REGION: text.optional(),
    S3_ACCESS_KEY_ID: text.optional(),
    S3_SECRET_ACCESS_KEY: text.optional(),
    AWS_ACCESS_KEY_ID: text.optional(),
    AWS_SECRET_ACCESS_KEY: text.optional(),
    SMTP_URL: url(['smtp:', 'smtps:']).optional(),
    SMTP_CA_FILE: text.optional(),
    MAIL_FROM: text.default('Perennial <perennial@localhost>'),
    MAIL_TO: commaList.pipe(z.array(mailbox)).optional(),
    SLACK_BOT_TOKEN: text.optional(),
    SLACK_API_URL: http.optional(),
    SLACK_CHANNEL: text.default('#ml-on-call'),
    API_HOST: text.default('127.0.0.1'),
    API_PORT: port.default(DEFAULT_API_PORT),
    PUBLIC_URL: http.optional(),
    GATEWAY_HOST: text.default('127.0.0.1'),
    GATEWAY_PORT: port.default(DEFAULT_GATEWAY_PORT),
    GATEWAY_ID: text.default(hostname()),
    PERENNIAL_LINK_SECRET: z
      .string()
      .min(SECRET_MIN_CHARS, `must have at least ${String(SECRET_MIN_CHARS)} characters`),
    PERENNIAL_WEBHOOK_SECRETS: webhookSecrets.optional(),
    WEBHOOK_ALLOWED_HOSTS: hostList.optional(),
    TRUSTED_PROXIES: networkList.optional(),
    LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  })
  .superRefine((env, context) => {
    for (const prefix of ['S3', 'AWS'] as const) {
      const id = `${prefix}_ACCESS_KEY_ID` as const;
      const secret = `${prefix}_SECRET_ACCESS_KEY` as const;
      if ((env[id] === undefined) === (env[secret] === undefined)) continue;
      const missing = env[id] === undefined ? id : secret;
      context.addIssue({
        code: 'custom',
        path: [missing],
        message: 'is missing while its other half is set',
      });
    }
  });

/** Their names. */
export const CONFIG_VARIABLES: readonly string[] = Object.keys(Environment.shape);

interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The settings of one process, parsed once in its composition root and handed on from there. */
export interface Config {
  readonly environment: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute. Where sources of local files may read; null: anywhere. */
  readonly sourceDirectories: readonly string[] | null;
  readonly temporal: {
    /** host:port */
    readonly address: string;
    readonly namespace: string;
    readonly tls: boolean;
    readonly apiKey: string | undefined;
  };
  readonly databaseUrl: string;
  readonly s3: {
    /** Absent: the AWS endpoint of the region. Present: path-style addressing. */
    readonly endpoint: string | undefined;
    readonly bucket: string;
    readonly region: string;
    /** Absent: the default credential chain of the AWS SDK. */
    readonly credentials: S3Credentials | undefined;
  };
  readonly mail: {
    /** Absent: mail is not configured. */
    readonly smtpUrl: string | undefined;
    /** A PEM file of a private certificate authority that the mail server's certificate is checked against. */
    readonly caFile: string | undefined;
    readonly from: string;
    readonly to: readonly string[];
  };
  readonly slack: {
    /** Absent: Slack is not configured. */
    readonly botToken: string | undefined;
    readonly apiUrl: string | undefined;
    readonly channel: string;
  };
  readonly api: { readonly host: string; readonly port: number };
  /** Where people reach the API and dashboard; without a trailing slash. */
  readonly publicUrl: string;
  readonly gateway: { readonly host: string; readonly port: number; readonly id: string };
  readonly linkSecret: string;
  readonly webhookSecrets: Readonly<Record<string, string>>;
  /** Hosts that outgoing webhooks may reach by plain http and in private networks: `host` or `host:port`. */
  readonly webhookAllowedHosts: readonly string[];
  /** Addresses and networks of reverse proxies whose `X-Forwarded-For` says who asks the API. */
  readonly trustedProxies: readonly string[];
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
}

/** An empty variable counts as one that is not set, as compose files and shells write `NAME=`. */
function withoutEmpty(env: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== '');
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Values may be secrets, so a problem names the variable and what is allowed, never what was found. */
function problemsOf(error: z.ZodError, env: Record<string, string>): Problem[] {
  return error.issues.map((issue) => {
    const name = String(issue.path[0]);
    return {
      path: name,
      message: env[name] === undefined && issue.code !== 'custom' ? 'is required' : issue.message,
    };
  });
}

/**
 * Parses the environment of one process.
 * @throws PerennialError CONFIG_INVALID with every problem at once; no value is ever part of its text.
 */
export function loadConfig(processEnv: NodeJS.ProcessEnv): Config {
  const given = withoutEmpty(processEnv);
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const problems = problemsOf(parsed.error, given);
    const list = problems.map((problem) => `${problem.path ?? ''} ${problem.message}`).join('; ');
    throw new PerennialError(CONFIG_INVALID, `The environment is not usable: ${list}`, { problems });
  }
  const env = parsed.data;
  const accessKeyId = env.S3_ACCESS_KEY_ID ?? env.AWS_ACCESS_KEY_ID;
  const secretAccessKey = env.S3_SECRET_ACCESS_KEY ?? env.AWS_SECRET_ACCESS_KEY;
  return deepFreeze<Config>({
    environment: env.PERENNIAL_ENVIRONMENT,
    dataDir: resolve(env.PERENNIAL_DATA_DIR),
    sourceDirectories: env.PERENNIAL_SOURCE_DIRS?.map((directory) => resolve(directory)) ?? null,
    temporal: {
      address: env.TEMPORAL_ADDRESS,
      namespace: env.TEMPORAL_NAMESPACE ?? defaultNamespace(env.PERENNIAL_ENVIRONMENT),
      tls: env.TEMPORAL_TLS ?? env.TEMPORAL_API_KEY !== undefined,
      apiKey: env.TEMPORAL_API_KEY,
    },
    databaseUrl: env.DATABASE_URL,
    s3: {
      endpoint: env.S3_ENDPOINT,
      bucket: env.S3_BUCKET,
      region: env.S3_REGION ?? env.AWS_REGION ?? 'us-east-1',
      credentials:
        accessKeyId !== undefined && secretAccessKey !== undefined
          ? { accessKeyId, secretAccessKey }
          : undefined,
    },
    mail: { smtpUrl: env.SMTP_URL, caFile: env.SMTP_CA_FILE, from: env.MAIL_FROM, to: env.MAIL_TO ?? [] },
    slack: { botToken: env.SLACK_BOT_TOKEN, apiUrl: env.SLACK_API_URL, channel: env.SLACK_CHANNEL },
    api: { host: env.API_HOST, port: env.API_PORT },
    publicUrl: (env.PUBLIC_URL ?? `http://${env.API_HOST}:${String(env.API_PORT)}`).replace(/\/+$/, ''),
    gateway: { host: env.GATEWAY_HOST, port: env.GATEWAY_PORT, id: env.GATEWAY_ID },
    linkSecret: env.PERENNIAL_LINK_SECRET,
    webhookSecrets: env.PERENNIAL_WEBHOOK_SECRETS ?? {},
    webhookAllowedHosts: env.WEBHOOK_ALLOWED_HOSTS ?? [],
    trustedProxies: env.TRUSTED_PROXIES ?? [],
    logLevel: env.LOG_LEVEL,
  });
}

/** One Temporal namespace for each environment. */
export function defaultNamespace(environment: string): string {
  return `perennial-${environment}`;
}

/** All but `credentials`: the AWS SDK writes notes of its own into the object that it is given. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const [key, part] of Object.entries(value)) if (key !== 'credentials') deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}
