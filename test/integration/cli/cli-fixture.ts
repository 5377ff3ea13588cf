import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { productRoot } from '../../../src/embedded/binaries.ts';
import { ensureBuilt } from '../built-product.ts';
import { specInput } from '../registry/registry-fixture.ts';

const PROGRAM = 'src/cli/main.js';
const TIMEOUT_MS = 100_000;

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command in a folder of its own, with only the environment that it is given. */
export class Cli {
  readonly folder = mkdtempSync(join(tmpdir(), 'perennial-cli-'));
  readonly #env: Readonly<Record<string, string>>;

  constructor(env: Readonly<Record<string, string>>) {
    ensureBuilt(PROGRAM);
    this.#env = env;
  }

  /** Runs to the end. Output is piped, as in a script. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
    return new Promise((resolve, reject) => {
      execFile(
        process.execPath,
        [join(productRoot(), 'dist', PROGRAM), ...args],
        {
          cwd: this.folder,
          env: { PATH: process.env['PATH'], HOME: this.folder, ...this.#env, ...env },
          timeout: TIMEOUT_MS,
        },
        (error, stdout, stderr) => {
          if (error !== null && typeof error.code !== 'number')
            reject(new Error('the command did not end by itself', { cause: error }));
          else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
        },
      );
    });
  }

  /** Writes a file into the folder. @returns its name */
  write(name: string, content: string | Buffer): string {
    writeFileSync(join(this.folder, name), content);
    return name;
  }

  /** Writes the spec of a model with its trainer. @returns the file's name */
  writeSpec(model: string, parts: Parameters<typeof specInput>[1] = {}): string {
    this.write('train.py', 'print("trains")\n');
    return this.write(`${model}.yaml`, stringify(specInput(model, parts)));
  }
}
