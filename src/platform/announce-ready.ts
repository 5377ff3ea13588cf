/**
 * Tells the supervisor of the embedded stack that this process now does its work. Every main calls it once,
 * after its connections stand and its port listens or its worker polls. Without a supervisor it does nothing.
 */
export function announceReady(): void {
  if (process.send === undefined || !process.connected) return;
  process.send('ready', undefined, undefined, () => {
    // The channel would keep this process's event loop alive; the supervisor needs nothing more from it.
    if (process.connected) process.disconnect();
  });
}
