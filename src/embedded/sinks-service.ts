import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOOPBACK } from './ports.ts';
import { makeSelfSignedCertificate } from './self-signed-certificate.ts';
import type { Certificate } from './self-signed-certificate.ts';
import { baseEnvironment } from './service.ts';
import type { Service } from './service.ts';
import type { SinksOptions } from './sinks.ts';
import { writePrivateFile } from './stack-state.ts';

export const SINKS_PORTS = ['sinks-smtp', 'sinks-http'] as const;
type SinksPort = (typeof SINKS_PORTS)[number];

export interface SinksSettings {
  readonly dataDir: string;
  readonly ports: Readonly<Record<SinksPort, number>>;
  readonly smtpUser: string;
  readonly smtpPassword: string;
  readonly slackToken: string;
}

const folderOf = (settings: SinksSettings): string => join(settings.dataDir, 'sinks');

/** The PEM file that mail clients check the sink's certificate against. */
export const smtpCaFile = (settings: SinksSettings): string =>
  join(folderOf(settings), 'smtp-certificate.pem');

/** The certificate of this data directory, made at the first call. */
function certificateOf(settings: SinksSettings): Certificate {
  const keyFile = join(folderOf(settings), 'smtp-key.pem');
  mkdirSync(folderOf(settings), { recursive: true, mode: 0o700 });
  // The key is written first and checked last, so a kill in between makes a new pair, never a wrong one.
  if (!existsSync(smtpCaFile(settings))) {
    const made = makeSelfSignedCertificate();
    writePrivateFile(keyFile, made.key);
    writePrivateFile(smtpCaFile(settings), made.certificate);
  }
  return { key: readFileSync(keyFile, 'utf8'), certificate: readFileSync(smtpCaFile(settings), 'utf8') };
}

/** What `startSinks` needs, whether it runs in this process or in one of its own. */
export function sinksOptions(settings: SinksSettings): SinksOptions {
  return {
    dataDir: folderOf(settings),
    smtpPort: settings.ports['sinks-smtp'],
    httpPort: settings.ports['sinks-http'],
    smtpUser: settings.smtpUser,
    smtpPassword: settings.smtpPassword,
    slackToken: settings.slackToken,
    certificate: certificateOf(settings),
  };
}

export function smtpUrl(settings: SinksSettings): string {
  return `smtp://${settings.smtpUser}:${settings.smtpPassword}@${LOOPBACK}:${String(settings.ports['sinks-smtp'])}`;
}

export function sinksUrl(settings: SinksSettings): string {
  return `http://${LOOPBACK}:${String(settings.ports['sinks-http'])}`;
}

/** @param main the built `sinks-main.js` */
export function sinksService(settings: SinksSettings, main: string): Service {
  const settingsFile = join(folderOf(settings), 'settings.json');
  return {
    name: 'sinks',
    command: process.execPath,
    args: [main, settingsFile],
    env: baseEnvironment(),
    cwd: settings.dataDir,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 5_000,
    announcesReady: true,
    prepare: () => writePrivateFile(settingsFile, JSON.stringify(sinksOptions(settings))),
  };
}
