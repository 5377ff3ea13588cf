import type { Config } from './config.ts';

/** Every secret of a configuration, as text to be masked: passwords of URLs also alone, as written and decoded. */
export function secretsOf(config: Config): string[] {
  const secrets = [
    ...inUrl(config.databaseUrl),
    ...inUrl(config.mail.smtpUrl),
    config.s3.credentials?.accessKeyId,
    config.s3.credentials?.secretAccessKey,
    config.slack.botToken,
    config.linkSecret,
    config.temporal.apiKey,
    ...Object.values(config.webhookSecrets),
  ];
  return [...new Set(secrets.filter((secret) => secret !== undefined && secret !== ''))] as string[];
}

function inUrl(url: string | undefined): string[] {
  if (url === undefined) return [];
  const { password } = new URL(url);
  return [url, password, decoded(password)];
}

/** A password that was not written as URLs want it stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
