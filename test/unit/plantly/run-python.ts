import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

export const PLANTLY = resolve(import.meta.dirname, '../../../examples/plantly');
const PYTHON = resolve(PLANTLY, '../../.venv/bin/python');

/** Runs Python to its end; rejects with its stderr unless it exits as expected. */
export async function runPython(
  args: readonly string[],
  env: Record<string, string>,
  expectedExit = 0,
): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(PYTHON, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((done, fail) =>
    child.once('error', fail).once('close', done),
  );
  if (code !== expectedExit) throw new Error(`exit ${code}, expected ${expectedExit}\n${stdout}\n${stderr}`);
  return { stdout, stderr };
}
