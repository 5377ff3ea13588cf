import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SYSTEM_PREFIX } from '../domain/actor.ts';
import { withTransaction } from '../registry/database.ts';
import type { Database } from '../registry/database.ts';
import { actorOfToken, generateToken, storeToken } from '../registry/tokens.ts';

const FILE_NAME = 'admin-token';
const OWNER_ONLY = 0o600;
const BOOTSTRAP_ACTOR = 'admin';

export interface BootstrapToken {
  /** Absolute path of the file that holds the token; mode 0600. */
  readonly file: string;
  readonly token: string;
}

/**
 * Makes sure that `<dataDir>/admin-token` holds a valid admin token. One that works is kept; a missing, foreign or
 * revoked one is replaced. The file is whole before the token is valid, so that no crash leaves a token unknown.
 */
export async function bootstrapToken(db: Database, dataDir: string): Promise<BootstrapToken> {
  const file = join(dataDir, FILE_NAME);
  const known = await readFile(file, 'utf8').catch(() => '');
  const holder = await actorOfToken(db, known.trim());
  if (holder?.roles.includes('admin') === true) {
    await chmod(file, OWNER_ONLY);
    return { file, token: known.trim() };
  }
  const secret = generateToken();
  await mkdir(dataDir, { recursive: true });
  const partial = `${file}.${secret.tokenId}`;
  await writeFile(partial, `${secret.token}\n`, { mode: OWNER_ONLY, flag: 'wx' });
  await rename(partial, file);
  const createdBy = `${SYSTEM_PREFIX}bootstrap`;
  await withTransaction(db, (tx) =>
    storeToken(tx, secret, { actor: BOOTSTRAP_ACTOR, roles: ['admin'], expiresAt: null, createdBy }),
  );
  return { file, token: secret.token };
}

/** Makes the first admin token of a registry that has none that is valid, so that somebody can make the others. */
export async function ensureFirstAdmin(db: Database, dataDir: string): Promise<BootstrapToken | null> {
  const { rowCount } = await db.query(
    `SELECT 1 FROM tokens WHERE roles @> '["admin"]' AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > now()) LIMIT 1`,
  );
  return rowCount === 0 ? bootstrapToken(db, dataDir) : null;
}
