#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { CLI_FAULT, USAGE } from '../errors/cli-errors.ts';
import { visibleJson } from '../domain/visible-text.ts';
import { isPerennialError, PerennialError } from '../errors/define-error.ts';
import { EXIT } from './exit-codes.ts';
import { addCommands } from './add-commands.ts';
import { renderError } from './render.ts';

const HELP = `
Exit codes:
  0  done
  1  refused by the server, or what was asked about is broken; data breach what they are held to
  2  the command line, the spec or a file is wrong; nothing was changed
  3  the server cannot be reached or has a fault; trying again may help
  4  no token, a wrong one, or one without the role

Server and token come from --server and --token, else PERENNIAL_URL and PERENNIAL_TOKEN, else from the stack
that \`perennial dev\` runs in this folder.`;

function packageVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string })
        .version;
    } catch {
      // Source and build lie at different depths.
    }
  }
  return 'unknown';
}

async function createProgram(argv: readonly string[]): Promise<Command> {
  const program = new Command('perennial')
    .description('Keeps machine-learning models alive.')
    .option('--server <url>', 'address of the API')
    .option('--token <token>', 'API token (better: PERENNIAL_TOKEN)')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    // Errors are told once, below, in the one form of all errors.
    .configureOutput({ outputError: () => undefined })
    .exitOverride();
  // Behind a command `--version 4` is a slip for its argument: it must not print a number and end well.
  if (argv[0]?.startsWith('-') ?? true) program.version(packageVersion());
  await addCommands(program, argv);
  const inherit = (command: Command): void => {
    for (const child of command.commands) {
      if (child.commands.length === 0) child.option('--json', 'print JSON');
      inherit(child);
    }
  };
  inherit(program);
  return program;
}

/** Every failure as a coded error; null where there is nothing to tell: help and version were asked for. */
function codedError(error: unknown): PerennialError | null {
  if (isPerennialError(error)) return error;
  if (!(error instanceof CommanderError))
    return new PerennialError(CLI_FAULT, error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  if (error.exitCode === 0 || error.code === 'commander.help') return null;
  return new PerennialError(USAGE, `${error.message.replace(/^error: /, '')} (--help shows how it is meant)`);
}

function exitCodeOf(error: PerennialError): number {
  if (error.status === 401 || error.status === 403) return EXIT.forbidden;
  if (error.status >= 500) return EXIT.unavailable;
  return /^(SPEC|DATA|SQL)_|^(USAGE|INPUT_INVALID|EXPECTATION_INVALID)$/.test(error.code)
    ? EXIT.usage
    : EXIT.refused;
}

// A reader such as `head` that has seen enough is no fault of the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  const program = await createProgram(process.argv.slice(2));
  await program.parseAsync();
} catch (error) {
  const coded = codedError(error);
  if (coded === null) {
    process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    process.exitCode = exitCodeOf(coded);
    const { code, message, problems } = coded;
    const wantsJson = process.argv.includes('--json');
    console.error(wantsJson ? visibleJson({ error: { code, message, problems } }, 0) : renderError(coded));
  }
}
