/**
 * Whether an error is DuckDB's word on the data that it read, and not on the machine that it runs on: no memory or no
 * disk is no fault of a file, and the same file may be read once there is room. DuckDB's errors are plain and tell
 * their kind by how the message begins; whatever has a code is about the job.
 */
export function isAboutData(error: unknown): error is Error {
  if (!(error instanceof Error) || 'code' in error || error.name === 'AbortError') return false;
  return !/^Out of Memory Error|^IO Error.*(No space left|Too many open files)/s.test(error.message);
}
