import { resolve } from 'node:path';
import type { Command } from 'commander';
import { runDev } from '../../embedded/dev.ts';
import { grantLocalAccess } from '../../embedded/local-access.ts';

export function addDevCommand(program: Command): void {
  program
    .command('dev')
    .description('run the whole stack here, on loopback, until Ctrl-C')
    .option('--data-dir <folder>', 'where all state lives', process.env['PERENNIAL_DATA_DIR'] ?? '.perennial')
    .option('--environment <name>', 'environment to serve', 'dev')
    .addHelpText('after', '\nExample:\n  perennial dev --data-dir /tmp/try-out')
    .action(async (options: { dataDir: string; environment: string }) => {
      const dataDir = resolve(options.dataDir);
      await runDev({
        dataDir,
        environment: options.environment,
        outerEnv: process.env,
        onUp: async (stack) => {
          await grantLocalAccess(stack);
          const usual = dataDir === resolve('.perennial');
          return [
            usual
              ? 'The CLI in this folder is logged in as admin: perennial status'
              : `The CLI is logged in as admin once it knows the folder: export PERENNIAL_DATA_DIR=${dataDir}`,
          ];
        },
      });
    });
}
