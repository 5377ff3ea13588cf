import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/platform/config.ts';

const MINIMAL = {
  TEMPORAL_ADDRESS: '127.0.0.1:7233',
  DATABASE_URL: 'postgres://user:database-password@db:5432/perennial',
  PERENNIAL_LINK_SECRET: 'a-secret-of-enough-length',
};

describe('loadConfig', () => {
  it('fills everything that has a default', () => {
    expect(loadConfig(MINIMAL)).toMatchObject({
      environment: 'dev',
      temporal: { address: '127.0.0.1:7233', namespace: 'perennial-dev', tls: false, apiKey: undefined },
      s3: { endpoint: undefined, bucket: 'perennial', region: 'us-east-1', credentials: undefined },
      mail: { smtpUrl: undefined, to: [] },
      api: { host: '127.0.0.1', port: 7080 },
      publicUrl: 'http://127.0.0.1:7080',
      // Two gateways on two machines are two, though nobody has named them.
      gateway: { host: '127.0.0.1', port: 7090, id: hostname() },
      webhookSecrets: {},
      webhookAllowedHosts: [],
      trustedProxies: [],
      logLevel: 'info',
    });
  });

  it('names the namespace after the environment unless it is given', () => {
    expect(loadConfig({ ...MINIMAL, PERENNIAL_ENVIRONMENT: 'prod' }).temporal.namespace).toBe(
      'perennial-prod',
    );
    expect(loadConfig({ ...MINIMAL, TEMPORAL_NAMESPACE: 'ml.a2dd6' }).temporal.namespace).toBe('ml.a2dd6');
  });

  it('lists all problems at once, by variable, in text and as data', () => {
    const broken = { API_PORT: '70000', MAIL_TO: 'someone', S3_ENDPOINT: 'db:9000', LOG_LEVEL: 'loud' };
    try {
      loadConfig(broken);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
      const paths = (error as { problems: { path: string }[] }).problems.map((problem) => problem.path);
      expect(paths.sort()).toEqual(
        [
          'API_PORT',
          'DATABASE_URL',
          'LOG_LEVEL',
          'MAIL_TO',
          'PERENNIAL_LINK_SECRET',
          'S3_ENDPOINT',
          'TEMPORAL_ADDRESS',
        ].sort(),
      );
      expect((error as Error).message).toContain('DATABASE_URL is required');
    }
  });

  it.each([
    ['10.0.0.1', ['10.0.0.1']],
    ['10.0.0.0/8, fd00::/8', ['10.0.0.0/8', 'fd00::/8']],
  ])('takes the proxies %s', (given, proxies) => {
    expect(loadConfig({ ...MINIMAL, TRUSTED_PROXIES: given }).trustedProxies).toEqual(proxies);
  });

  it.each(['proxy.internal', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', 'fd00::/129', '*', '1'])(
    'does not believe the proxy "%s"',
    (given) => {
      expect(() => loadConfig({ ...MINIMAL, TRUSTED_PROXIES: given })).toThrow(/TRUSTED_PROXIES must be/);
    },
  );

  it('never repeats a value, which may be a secret', () => {
    const broken = {
      ...MINIMAL,
      DATABASE_URL: 'mysql://root:hunter2@db',
      PERENNIAL_LINK_SECRET: 'hunter3',
      PERENNIAL_WEBHOOK_SECRETS: '{"a": hunter4}',
    };
    expect(() => loadConfig(broken)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter') as string }) as Error,
    );
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ ...MINIMAL, API_PORT: '', SMTP_URL: ' ' })).toMatchObject({
      api: { port: 7080 },
      mail: { smtpUrl: undefined },
    });
  });

  it('prefers S3_* keys to AWS_* and refuses half a pair', () => {
    const aws = { ...MINIMAL, AWS_ACCESS_KEY_ID: 'aws', AWS_SECRET_ACCESS_KEY: 'aws-secret' };
    expect(loadConfig(aws).s3.credentials).toEqual({ accessKeyId: 'aws', secretAccessKey: 'aws-secret' });
    const both = { ...aws, S3_ACCESS_KEY_ID: 's3', S3_SECRET_ACCESS_KEY: 's3-secret' };
    expect(loadConfig(both).s3.credentials).toEqual({ accessKeyId: 's3', secretAccessKey: 's3-secret' });
    expect(() => loadConfig({ ...MINIMAL, S3_ACCESS_KEY_ID: 's3' })).toThrow(
      /S3_SECRET_ACCESS_KEY is missing/,
    );
  });

  it('turns TLS on for a hosted Temporal with an API key', () => {
    expect(loadConfig({ ...MINIMAL, TEMPORAL_API_KEY: 'key' }).temporal).toMatchObject({
      tls: true,
      apiKey: 'key',
    });
  });

  it('reads lists and webhook secrets', () => {
    const config = loadConfig({
      ...MINIMAL,
      MAIL_TO: 'ada@plantly.example, grace@plantly.example',
      PERENNIAL_WEBHOOK_SECRETS: '{"github":"sixteen letters!"}',
    });
    expect(config.mail.to).toEqual(['ada@plantly.example', 'grace@plantly.example']);
    expect(config.webhookSecrets).toEqual({ github: 'sixteen letters!' });
  });

  it('takes no secret that could be guessed', () => {
    for (const secret of ['', 'fifteen letters'])
      expect(() =>
        loadConfig({ ...MINIMAL, PERENNIAL_WEBHOOK_SECRETS: JSON.stringify({ github: secret }) }),
      ).toThrow(/PERENNIAL_WEBHOOK_SECRETS.*at least 16 characters/);
    expect(() => loadConfig({ ...MINIMAL, PERENNIAL_LINK_SECRET: 'fifteen letters' })).toThrow(
      /PERENNIAL_LINK_SECRET.*at least 16 characters/,
    );
  });

  it('cannot be changed once it is made', () => {
    const config = loadConfig(MINIMAL);
    expect(() => Object.assign(config.api, { port: 1 })).toThrow(TypeError);
  });
});
