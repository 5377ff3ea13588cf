import { describe, expect, it } from 'vitest';
import { isServiceVariable, SecretName } from '../../../src/contracts/spec/names.ts';

describe('the variables that a spec may name', () => {
  it.each([
    'DATABASE_URL',
    'S3_ACCESS_KEY_ID',
    'S3_SECRET_ACCESS_KEY',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'SMTP_URL',
    'SLACK_BOT_TOKEN',
    'TEMPORAL_API_KEY',
    'PERENNIAL_LINK_SECRET',
    'PERENNIAL_WEBHOOK_SECRETS',
    'PERENNIAL_TOKEN',
  ])('are never what the service itself runs on: %s', (name) => {
    expect(isServiceVariable(name)).toBe(true);
    const parsed = SecretName.safeParse(name);
    expect(parsed.error?.issues[0]?.message).toContain("service's own");
  });

  it.each(['CRM_URL', 'HF_TOKEN', 'PLANTLY_DATABASE_URL', 'MY_S3_SECRET_ACCESS_KEY'])(
    'are others: %s',
    (name) => {
      expect(SecretName.parse(name)).toBe(name);
    },
  );
});
