/** What the command's exit status means; documented in `perennial --help` and docs/cli.md. */
export const EXIT = {
  ok: 0,
  /** The server understood and refused, or what was asked about is broken. */
  refused: 1,
  /** Data breach what they are held to: drift, a failed expectation, a finding. */
  breach: 1,
  /** The command line, the spec or a file is wrong; nothing was changed. */
  usage: 2,
  /** The server cannot be reached or has a fault; trying again may help. */
  unavailable: 3,
  /** No token, a wrong one, or one without the role. */
  forbidden: 4,
} as const;
