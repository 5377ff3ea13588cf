import { writeFile } from 'node:fs/promises';
import { visibleJson } from '../../domain/visible-text.ts';
import { USAGE } from '../../errors/cli-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { EXIT } from '../exit-codes.ts';
import { forTerminal } from '../terminal-text.ts';

/** Prints a report for people or as JSON, and writes its page where one was asked for. */
export async function writeReport<R>(
  report: R,
  out: {
    readonly json: boolean;
    readonly html: string | undefined;
    readonly page: (report: R) => string;
    readonly render: (report: R) => string;
  },
): Promise<void> {
  if (out.html !== undefined) {
    const { html } = out;
    await writeFile(html, out.page(report)).catch((error: NodeJS.ErrnoException) => {
      throw new PerennialError(USAGE, `--html: ${html} can't be written: ${reasonOf(error)}`, {
        cause: error,
      });
    });
  }
  console.log(out.json ? visibleJson(report) : out.render(forTerminal(report)));
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
      return 'there is no such folder (ENOENT)';
    case 'EACCES':
      return 'no permission (EACCES)';
    case 'EISDIR':
      return 'it is a folder (EISDIR)';
    default:
      return code ?? message;
  }
}

/** No verdict was asked for, or it is a pass: 0; a breach: 1. What could not be judged is an error, and no pass. */
export function exitOfVerdict(verdict: { readonly kind: string } | null): number {
  if (verdict === null || verdict.kind === 'pass') return EXIT.ok;
  return verdict.kind === 'fail' ? EXIT.breach : EXIT.usage;
}
