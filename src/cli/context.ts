import { resolve } from 'node:path';
import type { Command } from 'commander';
import { visibleJson, visibleText } from '../domain/visible-text.ts';
import { PerennialError } from '../errors/define-error.ts';
import { NOT_LOGGED_IN, SERVER_UNREACHABLE, USAGE } from '../errors/cli-errors.ts';
import { readLocalAccess } from '../platform/local-access-file.ts';
import { createApiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import { forTerminal } from './terminal-text.ts';

interface GlobalOptions {
  readonly server?: string;
  readonly token?: string;
  readonly json?: boolean;
}

export interface CliContext {
  readonly api: ApiClient;
  readonly json: boolean;
  readonly now: number;
  /** Prints a value as JSON with --json, else what `human` says. */
  print(value: unknown, human: () => string): void;
}

/** Server and token: from the options, else PERENNIAL_URL and PERENNIAL_TOKEN, else the local stack of this folder. */
export function contextOf(command: Command): CliContext {
  const options = command.optsWithGlobals<GlobalOptions>();
  const local = readLocalAccess(resolve(process.env['PERENNIAL_DATA_DIR'] ?? '.perennial'));
  // An empty variable, as CI sets one for a missing secret, is none.
  const url = options.server ?? (process.env['PERENNIAL_URL'] || local?.url);
  if (url === undefined)
    throw new PerennialError(
      SERVER_UNREACHABLE,
      'no server is known: start one in this folder with `perennial dev`, name the data folder of a running one in PERENNIAL_DATA_DIR, or set PERENNIAL_URL',
    );
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new PerennialError(USAGE, `"${url}" is not an address of a server, such as http://127.0.0.1:8080`);
  // The local stack's own token is for its own address: it goes to no other server.
  const localToken = local !== null && originOf(local.url) === originOf(url) ? local.token : undefined;
  const token = options.token ?? (process.env['PERENNIAL_TOKEN'] || localToken);
  if (token === undefined)
    throw new PerennialError(NOT_LOGGED_IN, 'no token: set PERENNIAL_TOKEN, or pass --token');
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new PerennialError(
      NOT_LOGGED_IN,
      'the token holds characters that no token has; paste it whole, not as the manual shortens it',
    );
  const json = options.json ?? false;
  return {
    api: json ? createApiClient(url, token) : forPeople(createApiClient(url, token)),
    json,
    now: Date.now(),
    print: (value, human) => console.log(json ? visibleJson(value) : human()),
  };
}

const originOf = (url: string): string => new URL(url).origin.replace('//localhost', '//127.0.0.1');

/** Answers as a terminal may show them: whatever a server, a spec or data hold. */
function forPeople(api: ApiClient): ApiClient {
  return {
    get: async (path) => forTerminal(await api.get(path)),
    getText: async (path) => visibleText(await api.getText(path)),
    post: async (path, body) => forTerminal(await api.post(path, body)),
  };
}
