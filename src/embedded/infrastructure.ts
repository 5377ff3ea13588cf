import { join, resolve } from 'node:path';
import { PerennialError } from '../errors/define-error.ts';
import { CONFIG_INVALID, PORT_TAKEN } from '../errors/platform-errors.ts';
import { defaultNamespace } from '../platform/config.ts';
import { connectTemporal, prepareNamespace } from '../platform/temporal-connection.ts';
import { productRoot } from './binaries.ts';
import { outsideEnvironment, outsideServices, variablesSet } from './outside-services.ts';
import { isPortFree, LOOPBACK, settlePorts } from './ports.ts';
import { postgresService, postgresUrl } from './postgres.ts';
import { EMBEDDED_REGION, S3_PORTS, s3Endpoint, s3Service } from './s3-server.ts';
import type { Service } from './service.ts';
import { SINKS_PORTS, sinksService, sinksUrl, smtpCaFile, smtpUrl } from './sinks-service.ts';
import { saveStackState } from './stack-state.ts';
import type { StackState } from './stack-state.ts';
import { TEMPORAL_PORTS, temporalAddress, temporalService } from './temporal-server.ts';

export type InfrastructureName = 'postgres' | 's3' | 'temporal' | 'sinks';
export const INFRASTRUCTURE: readonly InfrastructureName[] = ['postgres', 's3', 'temporal', 'sinks'];

export interface InfrastructureOptions {
  readonly dataDir: string;
  /** Default dev. */
  readonly environment: string;
  /** Where outside services are named. */
  readonly outerEnv: NodeJS.ProcessEnv;
  readonly services: readonly InfrastructureName[];
  readonly durable: boolean;
}

export interface Infrastructure {
  readonly services: readonly Service[];
  /** The variables of config.ts for the product's processes, as far as these services give them. */
  readonly env: Readonly<Record<string, string>>;
  /** Addresses that a person opens. */
  readonly endpoints: Readonly<Record<string, string>>;
}

const PORTS = [...TEMPORAL_PORTS, 'postgres', ...S3_PORTS, ...SINKS_PORTS, 'api', 'gateway'] as const;
type PortName = (typeof PORTS)[number];

const HIGHEST_PORT = 65_535;
const BUCKET = 'perennial';
const ON_CALL = 'on-call@perennial.example';

/** Decides ports (kept unless taken), what runs here and what stands outside, and the environment that follows. */
export async function planInfrastructure(
  state: StackState,
  options: InfrastructureOptions,
): Promise<Infrastructure> {
  const { environment, outerEnv } = options;
  const dataDir = resolve(options.dataDir);
  const outside = outsideServices(outerEnv);
  const named = await namedPorts(outerEnv);
  const chosen = await settlePorts(PORTS, { ...state.ports, ...named });
  const ports = chosen as Record<PortName, number>;
  if (PORTS.some((name) => ports[name] !== state.ports[name])) saveStackState(dataDir, { ...state, ports });
  const { credentials } = state;
  const namespace = outerEnv['TEMPORAL_NAMESPACE'] ?? defaultNamespace(environment);
  const postgres = {
    dataDir,
    port: ports.postgres,
    password: credentials.postgresPassword,
    durable: options.durable,
  };
  const s3 = {
    dataDir,
    ports,
    bucket: BUCKET,
    accessKeyId: credentials.s3AccessKeyId,
    secretAccessKey: credentials.s3SecretAccessKey,
  };
  const temporal = { dataDir, ports, namespace };
  const { smtpUser, smtpPassword, slackBotToken: slackToken } = credentials;
  const sinks = { dataDir, ports, smtpUser, smtpPassword, slackToken };
  const sinksMain = join(productRoot(), 'dist', 'src', 'embedded', 'sinks-main.js');

  const wanted = (name: InfrastructureName): boolean => options.services.includes(name);
  const services = [
    ...(wanted('postgres') && !outside.postgres ? [postgresService(postgres)] : []),
    ...(wanted('s3') && !outside.s3 ? [s3Service(s3)] : []),
    ...(wanted('temporal') && !outside.temporal ? [temporalService(temporal)] : []),
    ...(wanted('sinks') && !(outside.mail && outside.slack) ? [sinksService(sinks, sinksMain)] : []),
  ];
  if (outside.temporal && wanted('temporal')) await prepareOutsideTemporal(outerEnv, namespace);
  const address = (name: 'api' | 'gateway'): string => `http://${LOOPBACK}:${String(ports[name])}`;
  const env: Record<string, string> = {
    PERENNIAL_ENVIRONMENT: environment,
    PERENNIAL_DATA_DIR: dataDir,
    TEMPORAL_ADDRESS: temporalAddress(temporal),
    TEMPORAL_NAMESPACE: namespace,
    DATABASE_URL: postgresUrl(postgres),
    ...(outside.s3
      ? {}
      : {
          S3_ENDPOINT: s3Endpoint(s3),
          S3_BUCKET: BUCKET,
          S3_REGION: EMBEDDED_REGION,
          S3_ACCESS_KEY_ID: s3.accessKeyId,
          S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
        }),
    ...(outside.mail ? {} : { SMTP_URL: smtpUrl(sinks), SMTP_CA_FILE: smtpCaFile(sinks) }),
    MAIL_TO: outerEnv['MAIL_TO'] ?? ON_CALL,
    ...(outside.slack ? {} : { SLACK_BOT_TOKEN: slackToken, SLACK_API_URL: `${sinksUrl(sinks)}/slack/api/` }),
    API_HOST: LOOPBACK,
    API_PORT: String(ports.api),
    PUBLIC_URL: outerEnv['PUBLIC_URL'] ?? address('api'),
    GATEWAY_HOST: LOOPBACK,
    GATEWAY_PORT: String(ports.gateway),
    GATEWAY_ID: 'gateway-1',
    PERENNIAL_LINK_SECRET: outerEnv['PERENNIAL_LINK_SECRET'] ?? credentials.linkSecret,
    PERENNIAL_WEBHOOK_SECRETS:
      outerEnv['PERENNIAL_WEBHOOK_SECRETS'] ?? JSON.stringify({ local: credentials.webhookSecret }),
    // The sink of a local stack listens on loopback, without a certificate.
    WEBHOOK_ALLOWED_HOSTS: outerEnv['WEBHOOK_ALLOWED_HOSTS'] ?? new URL(sinksUrl(sinks)).host,
    LOG_LEVEL: outerEnv['LOG_LEVEL'] ?? 'info',
    ...variablesSet(outerEnv, ['PERENNIAL_SOURCE_DIRS', 'TRUSTED_PROXIES']),
    ...outsideEnvironment(outerEnv, outside),
  };
  const endpoints = {
    api: address('api'),
    gateway: address('gateway'),
    temporal: env['TEMPORAL_ADDRESS'] ?? '',
    ...(outside.temporal ? {} : { temporalUi: `http://${LOOPBACK}:${String(ports['temporal-ui'])}` }),
    ...(outside.mail ? {} : { mailInbox: `${sinksUrl(sinks)}/mail` }),
    ...(outside.slack ? {} : { slackView: `${sinksUrl(sinks)}/slack` }),
    ...(outside.mail && outside.slack ? {} : { webhookSink: `${sinksUrl(sinks)}/webhooks` }),
  };
  return { services, env, endpoints };
}

/** Ports that a person asked for by name are taken or refused, never replaced. */
async function namedPorts(outerEnv: NodeJS.ProcessEnv): Promise<Record<string, number>> {
  const named: Record<string, number> = {};
  for (const [name, variable] of [
    ['api', 'API_PORT'],
    ['gateway', 'GATEWAY_PORT'],
  ] as const) {
    const value = outerEnv[variable]?.trim() ?? '';
    if (value === '') continue;
    const port = Number(value);
    if (!Number.isInteger(port) || port < 1 || port > HIGHEST_PORT) {
      throw new PerennialError(CONFIG_INVALID, `${variable} must be a port from 1 to ${HIGHEST_PORT}.`);
    }
    if (!(await isPortFree(port))) {
      const text = `${variable} asks for port ${value}, which is in use. Free it, or leave ${variable} out to have a free port chosen.`;
      throw new PerennialError(PORT_TAKEN, text);
    }
    named[name] = port;
  }
  return named;
}

async function prepareOutsideTemporal(outerEnv: NodeJS.ProcessEnv, namespace: string): Promise<void> {
  const apiKey = outerEnv['TEMPORAL_API_KEY'];
  const connection = await connectTemporal({
    address: outerEnv['TEMPORAL_ADDRESS'] ?? '',
    namespace,
    tls: outerEnv['TEMPORAL_TLS'] === 'true' || apiKey !== undefined,
    apiKey,
  });
  try {
    await prepareNamespace(connection, namespace);
  } finally {
    await connection.close();
  }
}
