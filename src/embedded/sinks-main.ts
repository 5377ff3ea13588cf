import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { announceReady } from '../platform/announce-ready.ts';
import { startSinks } from './sinks.ts';

const Settings = z.object({
  dataDir: z.string(),
  smtpPort: z.number(),
  httpPort: z.number(),
  smtpUser: z.string(),
  smtpPassword: z.string(),
  slackToken: z.string(),
  certificate: z.object({ key: z.string(), certificate: z.string() }),
});

/** The process `sinks`: `node sinks-main.js <settings.json>`; the file holds secrets, which a command line must not. */
async function main(): Promise<void> {
  const settings = Settings.parse(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')));
  const sinks = await startSinks(settings);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void sinks.close().then(() => process.exit(0)));
  }
  announceReady();
}

await main();
