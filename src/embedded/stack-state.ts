import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PerennialError } from '../errors/define-error.ts';
import { STACK_STATE_INVALID } from '../errors/platform-errors.ts';

const SECRET_BYTES = 24;

/** What the first start of a data directory decided: ports and credentials. Lives in stack.json, mode 0600. */
export const StackState = z.object({
  version: z.literal(1),
  ports: z.record(z.string(), z.number().int().min(1).max(65_535)),
  credentials: z.object({
    postgresPassword: z.string().min(1),
    s3AccessKeyId: z.string().min(1),
    s3SecretAccessKey: z.string().min(1),
    smtpUser: z.string().min(1),
    smtpPassword: z.string().min(1),
    slackBotToken: z.string().min(1),
    linkSecret: z.string().min(1),
    webhookSecret: z.string().min(1),
  }),
});
export type StackState = z.infer<typeof StackState>;

const secret = (): string => randomBytes(SECRET_BYTES).toString('hex');

function firstState(): StackState {
  return {
    version: 1,
    ports: {},
    credentials: {
      postgresPassword: secret(),
      s3AccessKeyId: randomBytes(10).toString('hex'),
      s3SecretAccessKey: secret(),
      smtpUser: 'perennial',
      smtpPassword: secret(),
      slackBotToken: `xoxb-embedded-${secret()}`,
      linkSecret: secret(),
      webhookSecret: secret(),
    },
  };
}

const pathOf = (dataDir: string): string => join(dataDir, 'stack.json');

/** Writes a file of secrets so that a kill leaves either the old content or the new, never half of it. */
export function writePrivateFile(path: string, content: string): void {
  const temporary = `${path}.${String(process.pid)}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, path);
}

export function saveStackState(dataDir: string, state: StackState): void {
  writePrivateFile(pathOf(dataDir), `${JSON.stringify(state, null, 2)}\n`);
}

/**
 * The state of a data directory, made with new credentials where there is none.
 * @throws PerennialError STACK_STATE_INVALID when the file is there and cannot be understood.
 */
export function loadStackState(dataDir: string): StackState {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  let content: string;
  try {
    content = readFileSync(pathOf(dataDir), 'utf8');
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
    const state = firstState();
    saveStackState(dataDir, state);
    return state;
  }
  try {
    return StackState.parse(JSON.parse(content));
  } catch {
    const text = `${pathOf(dataDir)} is not a stack state of this version. Restore it, or remove ${dataDir} to start clean.`;
    throw new PerennialError(STACK_STATE_INVALID, text);
  }
}
