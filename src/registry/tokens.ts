import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Actor } from '../domain/actor.ts';
import type { RoleName } from '../domain/role.ts';
import { TOKEN_NOT_FOUND } from '../errors/api-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import { appendAudit } from './audit.ts';
import type { Queryable, Transaction } from './database.ts';

const ID_BYTES = 8;
const SECRET_BYTES = 32;
/** `last_used_at` is written at most this often, so that reading does not mean writing. */
const LAST_USED_RESOLUTION = '1 minute';
/** What an unknown id is compared with, so that it costs the time of a known one. */
const NO_HASH = Buffer.alloc(32);

/** What may be known about a token after it was made: never its secret. */
export interface TokenRecord {
  readonly tokenId: string;
  readonly actor: string;
  readonly roles: readonly RoleName[];
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
}

export interface NewToken {
  readonly actor: string;
  readonly roles: readonly RoleName[];
  readonly expiresAt: Date | null;
  readonly createdBy: string;
}

/** A token in the clear: `pnl_<id>_<secret>`. It exists only in the answer that hands it out. */
export interface TokenSecret {
  readonly tokenId: string;
  readonly token: string;
}

interface TokenRow {
  token_id: string;
  actor: string;
  roles: RoleName[];
  hash: string;
  created_at: Date;
  created_by: string;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

function toRecord(row: TokenRow): TokenRecord {
  return {
    tokenId: row.token_id,
    actor: row.actor,
    roles: row.roles,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
  };
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The public id within a token that is well formed; null for anything else. */
export function tokenIdOf(token: string): string | null {
  return /^pnl_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/.exec(token)?.[1] ?? null;
}

/** A fresh random token. It is worth nothing until `storeToken` has committed. */
export function generateToken(): TokenSecret {
  const tokenId = randomBytes(ID_BYTES).toString('hex');
  return { tokenId, token: `pnl_${tokenId}_${randomBytes(SECRET_BYTES).toString('base64url')}` };
}

/** Makes a generated token valid. Only its SHA-256 is stored. */
export async function storeToken(
  tx: Transaction,
  secret: TokenSecret,
  input: NewToken,
): Promise<TokenRecord> {
  const { rows } = await tx.query<TokenRow>(
    `INSERT INTO tokens (token_id, actor, roles, hash, created_by, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6) RETURNING *`,
    [
      secret.tokenId,
      input.actor,
      JSON.stringify(input.roles),
      hashOf(secret.token).toString('hex'),
      input.createdBy,
      input.expiresAt,
    ],
  );
  await appendAudit(tx, {
    actor: input.createdBy,
    action: 'token.created',
    data: { tokenId: secret.tokenId, for: input.actor, roles: input.roles, expiresAt: input.expiresAt },
  });
  const row = rows[0];
  if (!row) throw new Error('INSERT … RETURNING always returns a row');
  return toRecord(row);
}

/** Who a token stands for; null when it is malformed, unknown, expired or revoked. Compared in constant time. */
export async function actorOfToken(db: Queryable, token: string): Promise<Actor | null> {
  const tokenId = tokenIdOf(token);
  if (tokenId === null) return null;
  const { rows } = await db.query<TokenRow & { valid: boolean }>(
    `SELECT *, revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) AS valid
       FROM tokens WHERE token_id = $1`,
    [tokenId],
  );
  const row = rows[0];
  const matches = timingSafeEqual(hashOf(token), row ? Buffer.from(row.hash, 'hex') : NO_HASH);
  if (!row || !matches || !row.valid) return null;
  await db.query(
    `UPDATE tokens SET last_used_at = now() WHERE token_id = $1
        AND (last_used_at IS NULL OR last_used_at < now() - interval '${LAST_USED_RESOLUTION}')`,
    [tokenId],
  );
  return { id: row.actor, roles: row.roles };
}

/** Newest first, revoked and expired ones included. */
export async function listTokens(db: Queryable): Promise<TokenRecord[]> {
  const { rows } = await db.query<TokenRow>('SELECT * FROM tokens ORDER BY created_at DESC, token_id');
  return rows.map(toRecord);
}

/**
 * Ends a token at once; one that is revoked already is left as it is.
 * @throws PerennialError TOKEN_NOT_FOUND
 */
export async function revokeToken(tx: Transaction, tokenId: string, actor: Actor): Promise<TokenRecord> {
  const { rowCount } = await tx.query(
    'UPDATE tokens SET revoked_at = now() WHERE token_id = $1 AND revoked_at IS NULL',
    [tokenId],
  );
  const { rows } = await tx.query<TokenRow>('SELECT * FROM tokens WHERE token_id = $1', [tokenId]);
  if (!rows[0]) throw new PerennialError(TOKEN_NOT_FOUND, `there is no token ${tokenId}`);
  if (rowCount === 1) await appendAudit(tx, { actor: actor.id, action: 'token.revoked', data: { tokenId } });
  return toRecord(rows[0]);
}
