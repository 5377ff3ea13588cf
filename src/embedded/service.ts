import type { SpawnBoundOptions } from '../platform/spawn-bound.ts';

/** How one process of the stack is run. A plain value, so that a new service is one more file. */
export interface Service {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the process, with nothing inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** What the process gets for an orderly stop. */
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  readonly stopTimeoutMs: number;
  readonly deathSignal?: NonNullable<SpawnBoundOptions['deathSignal']>;
  readonly setpriv?: readonly string[];
  /** Tells that it is ready by `announceReady()`, not by a check from outside. */
  readonly announcesReady?: boolean;
  /** Before each start: directories, stale files. Safe to repeat. */
  readonly prepare?: () => Promise<void> | void;
  /** Throws until the service really answers; called again and again until it does not, or time is up. */
  readonly check?: () => Promise<void>;
  /** Once it answers: databases, buckets, namespaces. Safe to repeat. */
  readonly afterReady?: () => Promise<void>;
}

export type StackEvent =
  | { readonly kind: 'starting'; readonly name: string; readonly pid: number | undefined }
  | { readonly kind: 'ready'; readonly name: string; readonly afterMs: number }
  | {
      readonly kind: 'exited';
      readonly name: string;
      readonly code: number | null;
      readonly signal: string | null;
      readonly restartInMs: number;
    }
  | { readonly kind: 'failed'; readonly name: string; readonly reason: string }
  | { readonly kind: 'stopped'; readonly name: string };

/** The part of the parent's environment that any program may need; secrets of the shell stay out. */
export function baseEnvironment(extraPath: readonly string[] = []): Record<string, string> {
  const kept = ['HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'USER', 'LOGNAME', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
  const inherited = kept.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), PATH: [...extraPath, process.env['PATH'] ?? ''].join(':') };
}
