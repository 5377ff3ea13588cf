import { resolve } from 'node:path';
import type { Command } from 'commander';

export function addDevCommand(program: Command): void {
  program
    .command('dev')
    .description('run the whole stack here, on loopback, until Ctrl-C')
    .option('--data-dir <folder>', 'where all state lives', process.env['PERENNIAL_DATA_DIR'] ?? '.perennial')
    .option('--environment <name>', 'environment to serve', 'dev')
    .addHelpText('after', '\nExample:\n  perennial dev --data-dir /tmp/try-out')
    .action(async (options: { dataDir: string; environment: string }) => {
      const dataDir = resolve(options.dataDir);
      // The stack's drivers take half of a command's start; only this one needs them.
      const [{ runDev }, { grantLocalAccess }] = await Promise.all([
        import('../../embedded/dev.ts'),
        import('../../embedded/local-access.ts'),
      ]);
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
