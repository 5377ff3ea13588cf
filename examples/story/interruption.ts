/** The exit status of a program that was told to stop, as shells have it. */
export const INTERRUPTED = 130;

/** Aborts at Ctrl-C or SIGTERM; from then on the program ends by itself, in order. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => controller.abort(new Error(`stopped by ${signal}`)));
  return controller.signal;
}
