import { openLink } from './link.ts';
import type { Link } from './link.ts';

/** The variables of the product's environment that name a server, and the server's name. */
const SERVERS: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres',
  PLANTLY_DATABASE_URL: 'postgres',
  S3_ENDPOINT: 's3',
  TEMPORAL_ADDRESS: 'temporal',
  SMTP_URL: 'smtp',
  SLACK_API_URL: 'slack',
};
export const LINK_NAMES = [...new Set(Object.values(SERVERS))];

export interface Links {
  readonly all: readonly Link[];
  /** The same variables, by way of the links. */
  readonly env: Readonly<Record<string, string>>;
}

/** A link to each server that the environment names. Each process of the product then talks through it. */
export async function openLinks(env: Readonly<Record<string, string>>): Promise<Links> {
  const links = new Map<string, Link>();
  const rewired: Record<string, string> = {};
  for (const [variable, name] of Object.entries(SERVERS)) {
    const value = env[variable];
    if (value === undefined) continue;
    const isUrl = value.includes('://');
    const url = new URL(isUrl ? value : `tcp://${value}`);
    let link = links.get(name);
    if (!link) {
      link = await openLink(name, url.hostname, Number(url.port));
      links.set(name, link);
    }
    const [host = '', port = ''] = link.address.split(':');
    url.hostname = host;
    url.port = port;
    rewired[variable] = isUrl ? url.href : link.address;
  }
  return { all: [...links.values()], env: rewired };
}
