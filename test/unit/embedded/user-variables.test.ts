import { expect, it } from 'vitest';
import { userVariables } from '../../../src/embedded/user-variables.ts';

it('hands on what a spec may name, and nothing that steers the service or a runtime', () => {
  const ofUser = { CRM_URL: 'postgres://crm/x', SHOP_WEBHOOK_SECRET: 's', CUDA_VISIBLE_DEVICES: '3' };
  expect(
    userVariables({
      ...ofUser,
      PATH: '/usr/bin',
      HOME: '/root',
      NODE_OPTIONS: '--inspect',
      LD_PRELOAD: 'x.so',
      PYTHONPATH: '/x',
      AWS_PROFILE: 'work',
      AWS_ACCESS_KEY_ID: 'id',
      DATABASE_URL: 'postgres://db/x',
      GATEWAY_PORT: '1',
      TEMPORAL_TLS: 'true',
      PERENNIAL_LINK_SECRET: 'x',
      npm_lifecycle_event: 'dev',
      UNSET: undefined,
    }),
  ).toEqual(ofUser);
});
