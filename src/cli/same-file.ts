import { realpath } from 'node:fs/promises';

/**
 * Whether two locations are one file, whatever its names. What is no file here, such as a wildcard or s3://…, is the
 * same only where it is written the same.
 */
export async function isSameFile(first: string, second: string): Promise<boolean> {
  const real = (location: string): Promise<string> => realpath(location).catch(() => location);
  return (await real(first)) === (await real(second));
}
