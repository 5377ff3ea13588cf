import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export type { Logger } from 'pino';

const SECRET_KEYS = [
  'password',
  'secret',
  'token',
  'apiKey',
  'accessKeyId',
  'secretAccessKey',
  'authorization',
  'cookie',
  'linkSecret',
  'botToken',
  'databaseUrl',
  'smtpUrl',
  'webhookSecrets',
  'credentials',
  'DATABASE_URL',
  'SMTP_URL',
  'SLACK_BOT_TOKEN',
  'S3_SECRET_ACCESS_KEY',
  'AWS_SECRET_ACCESS_KEY',
  'PERENNIAL_LINK_SECRET',
  'PERENNIAL_WEBHOOK_SECRETS',
  'TEMPORAL_API_KEY',
];
/** pino's redaction takes paths, so each key is named at the depths that log calls use. */
const REDACTED_PATHS = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

export interface LoggerOptions {
  /** The process: `api`, `worker-training`, ... */
  readonly name: string;
  readonly level: string;
  /** Default: stdout. */
  readonly destination?: DestinationStream;
}

/** A JSON-lines logger. Values under a secret's name never reach the output. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    name: options.name,
    level: options.level,
    redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}

/** The URL without its user and password, fit to be shown. */
export function withoutCredentials(url: string): string {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.toString();
}
