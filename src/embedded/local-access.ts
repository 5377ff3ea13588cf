import { localAccessPath, readLocalAccess } from '../platform/local-access-file.ts';
import type { LocalAccess } from '../platform/local-access-file.ts';
import { openDatabase, withTransaction } from '../registry/database.ts';
import { actorOfToken, generateToken, storeToken } from '../registry/tokens.ts';
import type { Stack } from './stack.ts';
import { writePrivateFile } from './stack-state.ts';

/** Whoever can read the data directory of a local stack is its admin: the CLI in that folder is logged in. */
export async function grantLocalAccess(stack: Stack): Promise<LocalAccess> {
  const url = stack.endpoints['api'] ?? '';
  const db = openDatabase(stack.env['DATABASE_URL'] ?? '', () => undefined, { poolSize: 1 });
  try {
    const earlier = readLocalAccess(stack.dataDir)?.token;
    const valid = earlier !== undefined && (await actorOfToken(db, earlier)) !== null;
    const secret = generateToken();
    const token = valid ? earlier : secret.token;
    // Known before it is valid: a crash in between leaves a token that opens nothing, and the next start makes another.
    writePrivateFile(localAccessPath(stack.dataDir), `${JSON.stringify({ url, token }, null, 2)}\n`);
    if (!valid) {
      const input = {
        actor: 'local-admin',
        roles: ['admin'],
        createdBy: 'system:local-stack',
        expiresAt: null,
      } as const;
      await withTransaction(db, (tx) => storeToken(tx, secret, input));
    }
    return { url, token };
  } finally {
    await db.end();
  }
}
