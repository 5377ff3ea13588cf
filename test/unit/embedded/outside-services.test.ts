import { describe, expect, it } from 'vitest';
import { outsideEnvironment, outsideServices } from '../../../src/embedded/outside-services.ts';

const NOTHING = { temporal: false, postgres: false, s3: false, mail: false, slack: false };

describe('outsideServices', () => {
  it('uses what the environment names and starts the rest', () => {
    expect(outsideServices({})).toEqual(NOTHING);
    expect(outsideServices({ DATABASE_URL: 'postgres://db/x', SLACK_BOT_TOKEN: '' })).toEqual({
      ...NOTHING,
      postgres: true,
    });
  });

  it('does not write to AWS because a shell happens to have keys', () => {
    const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
    expect(outsideServices(keys).s3).toBe(false);
    expect(outsideServices({ ...keys, S3_BUCKET: 'models' }).s3).toBe(true);
    expect(outsideServices({ S3_ENDPOINT: 'http://minio:9000' }).s3).toBe(true);
  });

  it('hands on the variables of outside services only', () => {
    const env = { DATABASE_URL: 'postgres://db/x', AWS_SECRET_ACCESS_KEY: 'secret', TEMPORAL_NAMESPACE: 'x' };
    expect(outsideEnvironment(env, outsideServices(env))).toEqual({ DATABASE_URL: 'postgres://db/x' });
  });
});
