import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ActionLink } from '../contracts/activities/control.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';

export const ACTION_LINK_TTL_MS = 72 * 3_600_000;
/** Longer tokens are refused unread. */
const MAX_TOKEN_CHARS = 4096;
/** Keeps a signature made for links from being valid for anything else under the same secret. */
const PURPOSE = 'perennial action link v1';

/** What a link in a message lets its reader do, for whom and until when. */
export interface ActionGrant extends ModelRef {
  readonly act: ActionLink;
  /** Who the message went to: an e-mail address, or a Slack channel. An action is recorded under this name. */
  readonly recipient: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export type ActionLinkCheck =
  | { readonly kind: 'valid'; readonly grant: ActionGrant }
  | { readonly kind: 'expired'; readonly grant: ActionGrant }
  | { readonly kind: 'invalid' };

function signature(secret: string, payload: string): Buffer {
  return createHmac('sha256', secret).update(`${PURPOSE}\n${payload}`).digest();
}

/** Signs a grant as a URL-safe token: `<payload>.<HMAC-SHA256>`, both base64url. */
export function signActionLink(secret: string, grant: ActionGrant): string {
  const payload = Buffer.from(JSON.stringify(grant)).toString('base64url');
  return `${payload}.${signature(secret, payload).toString('base64url')}`;
}

/** The address of the page behind a link: opening it changes nothing, its button acts. */
export function actionUrl(publicUrl: string, secret: string, grant: ActionGrant): string {
  return `${publicUrl}/act/${signActionLink(secret, grant)}`;
}

/** Checks a token in constant time. Only a token that this secret signed is ever parsed. */
export function verifyActionLink(secret: string, token: string, now: number): ActionLinkCheck {
  if (token.length > MAX_TOKEN_CHARS) return { kind: 'invalid' };
  const [payload, given, ...rest] = token.split('.');
  if (payload === undefined || given === undefined || rest.length > 0) return { kind: 'invalid' };
  const expected = signature(secret, payload);
  const actual = Buffer.from(given, 'base64url');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return { kind: 'invalid' };
  const grant = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as ActionGrant;
  return { kind: now < grant.expiresAt ? 'valid' : 'expired', grant };
}
