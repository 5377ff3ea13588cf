import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { Command } from 'commander';
import pc from 'picocolors';
import { ApplyAnswer } from '../../contracts/api/answers.ts';
import type { ApplyRequest } from '../../contracts/api/requests.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { SPEC_UNREADABLE } from '../../errors/spec-errors.ts';
import { loadSpec } from '../../spec/load-spec.ts';
import { isLeftOut } from '../../training/left-out.ts';
import { contextOf } from '../context.ts';

const MAX_BUNDLE_BYTES = 10 * 1024 * 1024;

/** What is wrong with a file, in words; null when the error is about something else. */
function fileFault(error: NodeJS.ErrnoException): string | null {
  if (error.code === 'ENOTDIR') return 'is a file; name the directory that it lies in';
  if (error.code === 'EACCES' || error.code === 'EPERM') return `is not readable (${error.path ?? 'here'})`;
  return null;
}

/** The trainer's directory as the API takes it. */
export async function readTrainerFiles(directory: string): Promise<NonNullable<ApplyRequest['files']>> {
  const files: NonNullable<ApplyRequest['files']> = [];
  let bytes = 0;
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (isLeftOut(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) {
        const content = await readFile(path);
        bytes += content.length;
        if (bytes > MAX_BUNDLE_BYTES)
          throw new PerennialError(
            SPEC_UNREADABLE,
            `the trainer's directory ${directory} is larger than 10 MiB (at ${basename(path)}); keep data out of it, or name a narrower training.trainer.directory`,
          );
        const executable = ((await stat(path)).mode & 0o100) !== 0;
        files.push({
          path: relative(directory, path),
          contentBase64: content.toString('base64'),
          executable,
        });
      }
    }
  };
  await walk(directory).catch((error: NodeJS.ErrnoException) => {
    const found = error.code === 'ENOENT' ? 'does not exist beside the spec' : fileFault(error);
    if (found === null) throw error;
    throw new PerennialError(SPEC_UNREADABLE, `cannot read the trainer's directory ${directory}`, {
      problems: [{ path: 'training.trainer.directory', message: found }],
      cause: error,
    });
  });
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return pc.dim('nothing');
  const text = typeof value === 'string' ? (value.split('\n')[0] ?? '') : (JSON.stringify(value) ?? '');
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function renderApply(answer: ApplyAnswer): string {
  const name = pc.bold(`${answer.model} (${answer.environment})`);
  if (!answer.changed) return `${name}: nothing changed, revision ${answer.revision}`;
  const verb = answer.dryRun ? 'would become' : 'is now';
  // The first revision is one change, the whole spec: it has nothing to differ from.
  const first = answer.diff.some(({ path }) => path === '');
  if (first) return `${name} ${verb} revision ${answer.revision}, its first`;
  const lines = answer.diff.map(({ path, before, after }) =>
    before === undefined
      ? `  ${pc.green('+')} ${path}: ${shown(after)}`
      : after === undefined
        ? `  ${pc.red('-')} ${path}: ${shown(before)}`
        : `  ${pc.yellow('~')} ${path}: ${shown(before)} → ${shown(after)}`,
  );
  return [`${name} ${verb} revision ${answer.revision}`, ...lines].join('\n');
}

export function addApplyCommand(program: Command): void {
  program
    .command('apply')
    .description('apply a lifecycle spec; shows the difference, disturbs nothing that runs')
    .argument('<file>', 'perennial.yaml, or a TypeScript module that exports `model`')
    .option('--dry-run', 'show the difference and change nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  perennial apply perennial.yaml --dry-run\n  perennial apply model.ts --json',
    )
    .action(async (file: string, options: { dryRun?: boolean }, command: Command) => {
      const loaded = await loadSpec(file);
      const files = await readTrainerFiles(loaded.trainerDirectory);
      const context = contextOf(command);
      const body = { spec: loaded.spec, files, dryRun: options.dryRun ?? false };
      const answer = ApplyAnswer.parse(await context.api.post('/v1/models', body));
      context.print(answer, () => renderApply(answer));
    });
}
