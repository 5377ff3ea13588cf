import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEMO_DIR, SHOP_DIR } from '../../examples/plantly/demo/shop.ts';
import { SECRETS_FILE } from '../../examples/plantly/demo/story-secrets.ts';
import type { StorySecrets } from '../../examples/plantly/demo/story-secrets.ts';
import { SecretSearch } from './secret-search.ts';
import type { Leak, Secret } from './secret-search.ts';
import { leaksOfStack, secretsOfStack } from './stack-secrets.ts';

/** What a told story of plantly knew: the stack's secrets, its people's tokens, and what signs its webhooks. */
function secretsOfPlantly(): Secret[] {
  const told = JSON.parse(readFileSync(join(DEMO_DIR, SECRETS_FILE), 'utf8')) as StorySecrets;
  return [
    ...secretsOfStack(DEMO_DIR),
    { name: 'PLANTLY_WEBHOOK_SECRET', text: told.webhookSecret },
    ...Object.entries(told.tokens).map(([name, text]) => ({ name: `token of ${name}`, text })),
  ];
}

/** Searches all that the story left: its stack, its shop, and other folders that were kept of it. */
export async function leaksOfPlantly(kept: readonly string[] = []): Promise<Leak[]> {
  const search = new SecretSearch(secretsOfPlantly());
  const stack = await leaksOfStack(DEMO_DIR, 'demo', search, [SECRETS_FILE]);
  return [...stack, ...[SHOP_DIR, ...kept].flatMap((folder) => search.inFolder(folder))];
}
