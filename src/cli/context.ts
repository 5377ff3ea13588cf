import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { PerennialError } from '../errors/define-error.ts';
import { NOT_LOGGED_IN, SERVER_UNREACHABLE } from '../errors/cli-errors.ts';
import { createApiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';

/** Written by `perennial dev` beside its state, readable by its owner only: where the local API is, and a token. */
export const LOCAL_ACCESS_FILE = 'cli.json';

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

function localAccess(): { url: string; token: string } | null {
  const folder = resolve(process.env['PERENNIAL_DATA_DIR'] ?? '.perennial');
  try {
    return JSON.parse(readFileSync(join(folder, LOCAL_ACCESS_FILE), 'utf8')) as {
      url: string;
      token: string;
    };
  } catch {
    return null;
  }
}

/** Server and token: from the options, else PERENNIAL_URL and PERENNIAL_TOKEN, else the local stack of this folder. */
export function contextOf(command: Command): CliContext {
  const options = command.optsWithGlobals<GlobalOptions>();
  const local = localAccess();
  const url = options.server ?? process.env['PERENNIAL_URL'] ?? local?.url;
  const token = options.token ?? process.env['PERENNIAL_TOKEN'] ?? local?.token;
  if (url === undefined)
    throw new PerennialError(
      SERVER_UNREACHABLE,
      'no server is known: start one with `perennial dev`, or set PERENNIAL_URL',
    );
  if (token === undefined)
    throw new PerennialError(NOT_LOGGED_IN, 'no token: set PERENNIAL_TOKEN, or pass --token');
  const json = options.json ?? false;
  return {
    api: createApiClient(url, token),
    json,
    now: Date.now(),
    print: (value, human) => console.log(json ? JSON.stringify(value, null, 2) : human()),
  };
}
