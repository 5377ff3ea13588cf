import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SIZE_MB = 64;

/** A disk of its own for one folder, which can be filled to the last byte. */
export interface SmallDisk {
  /** @returns whether it is full now */
  fill(): boolean;
  empty(): void;
  remove(): void;
}

/**
 * Mounts a small file system in memory and makes `folder`, which must not exist, a link to it.
 * @returns null where that is not allowed: mounting is root's.
 */
export function mountSmallDisk(folder: string, mountPoint: string): SmallDisk | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null;
  unmount(mountPoint);
  mkdirSync(mountPoint, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${String(SIZE_MB)}m`, 'tmpfs', mountPoint], {
      stdio: 'ignore',
    });
  } catch {
    return null;
  }
  mkdirSync(dirname(folder), { recursive: true });
  symlinkSync(mountPoint, folder);
  const ballast = join(mountPoint, 'ballast');
  return {
    fill() {
      try {
        writeFileSync(ballast, Buffer.alloc((SIZE_MB + 1) * 1024 * 1024));
        return false;
      } catch (error) {
        // What fits has been written.
        return (error as NodeJS.ErrnoException).code === 'ENOSPC';
      }
    },
    empty: () => rmSync(ballast, { force: true }),
    remove: () => unmount(mountPoint),
  };
}

/** Also what a run that was killed has left. */
function unmount(mountPoint: string): void {
  const isMounted = readFileSync('/proc/mounts', 'utf8').includes(` ${mountPoint} `);
  if (isMounted) execFileSync('umount', ['-l', mountPoint]);
  rmSync(mountPoint, { recursive: true, force: true });
}
