import { join } from 'node:path';
import { writePrivateFile } from '../../../src/embedded/stack-state.ts';
import type { Person } from '../../story/person.ts';
import type { Cast } from './cast.ts';
import { DEMO_DIR } from './shop.ts';
import type { PlantlyStack } from './shop.ts';

/** What is secret in the story beside the stack's own: who has it can act as one of its people. */
export const SECRETS_FILE = 'secrets.json';

export interface StorySecrets {
  readonly webhookSecret: string;
  /** By the person's name. */
  readonly tokens: Readonly<Record<string, string>>;
}

export function keepSecrets({ webhookSecret }: PlantlyStack, cast: Cast): void {
  const people: readonly Person[] = Object.values({ ...cast });
  const tokens = Object.fromEntries(people.map(({ name, token }) => [name, token]));
  const secrets: StorySecrets = { webhookSecret, tokens };
  writePrivateFile(join(DEMO_DIR, SECRETS_FILE), `${JSON.stringify(secrets, null, 2)}\n`);
}
