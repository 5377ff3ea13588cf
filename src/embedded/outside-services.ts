/** What the environment already names, so that the embedded stack does not start its own. */
export interface OutsideServices {
  readonly temporal: boolean;
  readonly postgres: boolean;
  readonly s3: boolean;
  readonly mail: boolean;
  readonly slack: boolean;
}

const isSet = (env: NodeJS.ProcessEnv, name: string): boolean => (env[name] ?? '').trim() !== '';

/**
 * Reads which services stand outside. AWS keys alone do not choose AWS, since many shells have them for other
 * work: S3_BUCKET must name the bucket as well.
 */
export function outsideServices(env: NodeJS.ProcessEnv): OutsideServices {
  const awsKeys =
    isSet(env, 'AWS_ACCESS_KEY_ID') || isSet(env, 'AWS_PROFILE') || isSet(env, 'S3_ACCESS_KEY_ID');
  return {
    temporal: isSet(env, 'TEMPORAL_ADDRESS'),
    postgres: isSet(env, 'DATABASE_URL'),
    s3: isSet(env, 'S3_ENDPOINT') || (isSet(env, 'S3_BUCKET') && awsKeys),
    mail: isSet(env, 'SMTP_URL'),
    slack: isSet(env, 'SLACK_BOT_TOKEN'),
  };
}

const OUTSIDE_VARIABLES: Readonly<Record<keyof OutsideServices, readonly string[]>> = {
  temporal: ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'TEMPORAL_API_KEY', 'TEMPORAL_TLS'],
  postgres: ['DATABASE_URL'],
  s3: [
    ...['S3_ENDPOINT', 'S3_BUCKET', 'S3_REGION', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'],
    ...['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE'],
  ],
  mail: ['SMTP_URL', 'SMTP_CA_FILE', 'MAIL_FROM'],
  slack: ['SLACK_BOT_TOKEN', 'SLACK_API_URL', 'SLACK_CHANNEL'],
};

/** The variables of the outside services, to be handed on to the product's processes as they are. */
export function outsideEnvironment(env: NodeJS.ProcessEnv, outside: OutsideServices): Record<string, string> {
  const names = Object.entries(OUTSIDE_VARIABLES).flatMap(([service, variables]) =>
    outside[service as keyof OutsideServices] ? variables : [],
  );
  return variablesSet(env, names);
}

/** Those of the variables that are set to something. */
export function variablesSet(env: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  const entries = names.flatMap((name) => (isSet(env, name) ? [[name, env[name] ?? '']] : []));
  return Object.fromEntries(entries) as Record<string, string>;
}
