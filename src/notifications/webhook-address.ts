import { lookup } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { PerennialError } from '../errors/define-error.ts';
import { WEBHOOK_ADDRESS_REFUSED } from '../errors/notification-errors.ts';
import { isPublicAddress } from './public-address.ts';

/** Resolves a host name to all of its addresses, as `dns.lookup` with `all`. */
export type ResolveHost = (
  hostname: string,
  done: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

const resolveBySystem: ResolveHost = (hostname, done) => {
  lookup(hostname, { all: true }, (error, addresses) => done(error, error === null ? addresses : []));
};

/** `host` or `host:port`, as `WEBHOOK_ALLOWED_HOSTS` names them. */
export function isAllowedHost(url: URL, allowedHosts: readonly string[]): boolean {
  return allowedHosts.some((host) => {
    const name = host.toLowerCase();
    return name === url.host || name === url.hostname || name === `${url.hostname}:${portOf(url)}`;
  });
}

function portOf(url: URL): string {
  return url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
}

/**
 * Refuses what can be seen without asking the DNS: plain http, and an address in a private network in whatever form it
 * is written (URL parsing has made `https://0x7f.1` or `https://2130706433` into 127.0.0.1 already).
 * @throws PerennialError WEBHOOK_ADDRESS_REFUSED
 */
export function checkWebhookUrl(url: URL, allowedHosts: readonly string[]): void {
  if (isAllowedHost(url, allowedHosts)) return;
  if (url.protocol !== 'https:')
    throw refused(`a webhook goes over https, ${url.protocol}//${url.host} does not`);
  // A name that every machine has for itself, whatever its resolver says.
  if (/(^|\.)localhost\.?$/.test(url.hostname)) throw refused(`${url.hostname} is this machine`);
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && !isPublicAddress(literal))
    throw refused(`${literal} is not an address of the public internet`);
}

/**
 * The lookup of one connection: what it answers is what is connected to, so that a name cannot resolve to a public
 * address when it is checked and to a private one when it is used. One private address among several refuses all.
 */
export function publicLookup(resolve: ResolveHost = resolveBySystem): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, (error, addresses) => {
      const wanted = addresses.filter(({ family }) => !options.family || family === options.family);
      const hidden = addresses.find(({ address }) => !isPublicAddress(address));
      const [first] = wanted;
      if (error !== null) callback(error, '', 0);
      else if (hidden !== undefined)
        callback(refused(`${hostname} resolves to ${hidden.address}, which is not public`), '', 0);
      else if (first === undefined)
        callback(Object.assign(new Error(`no address of ${hostname}`), { code: 'ENOTFOUND' }), '', 0);
      else if (options.all === true) callback(null, wanted);
      else callback(null, first.address, first.family);
    });
  };
}

function refused(why: string): PerennialError {
  return new PerennialError(
    WEBHOOK_ADDRESS_REFUSED,
    `${why}. Name another address, or let the installation allow the host in WEBHOOK_ALLOWED_HOSTS`,
  );
}
