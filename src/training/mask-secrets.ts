const MIN_SECRET_CHARS = 6;
const MASK = '[masked]';

/**
 * Makes a function that masks secrets in one line of text. A secret of several lines (a PEM key) is masked
 * line by line. Values under 6 characters are left alone: masking them would shred the log.
 */
export function maskSecrets(secrets: readonly string[]): (line: string) => string {
  const parts = secrets
    .flatMap((secret) => [secret, ...secret.split(/\r?\n/), encodeURIComponent(secret)])
    .map((part) => part.trim())
    .filter((part) => part.length >= MIN_SECRET_CHARS);
  // The longest first, so that a secret that contains another leaves no remainder.
  const ordered = [...new Set(parts)].sort((a, b) => b.length - a.length);
  return (line) => ordered.reduce((text, secret) => text.replaceAll(secret, MASK), line);
}
