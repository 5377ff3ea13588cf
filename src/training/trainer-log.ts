import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { once } from 'node:events';
import { storable } from '../contracts/storable-text.ts';
import { maskSecrets } from './mask-secrets.ts';

const MAX_LINE_CHARS = 16_384;
const KEPT_LINES = 20;
const DEFAULT_MAX_BYTES = 16 * 2 ** 20;

/** Cuts a stream of bytes into lines; a line without an end is cut at 16 384 characters. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new TextDecoder();
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line.replace(/\r$/, ''));
    while (this.#rest.length > MAX_LINE_CHARS) {
      this.#onLine(this.#rest.slice(0, MAX_LINE_CHARS));
      this.#rest = this.#rest.slice(MAX_LINE_CHARS);
    }
  }

  end(): void {
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
  }
}

/**
 * The log of one attempt: appended to a file with secrets masked, up to a number of bytes; then only the last
 * lines are kept and written when it is closed. A full disk loses log lines, never the run.
 */
export class TrainerLog {
  readonly #stream: WriteStream;
  readonly #mask: (line: string) => string;
  readonly #maxBytes: number;
  readonly #tail: Record<'stdout' | 'stderr', string[]> = { stdout: [], stderr: [] };
  #bytes = 0;
  #dropped = 0;
  #pending: string[] = [];

  constructor(path: string, secrets: readonly string[], maxBytes = DEFAULT_MAX_BYTES) {
    this.#stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
    this.#stream.on('error', () => undefined);
    this.#mask = maskSecrets(secrets);
    this.#maxBytes = maxBytes;
  }

  write(origin: 'stdout' | 'stderr', line: string): void {
    const text = this.#mask(line);
    const tail = this.#tail[origin];
    tail.push(text);
    if (tail.length > KEPT_LINES) tail.shift();
    const entry = `${text}\n`;
    this.#bytes += Buffer.byteLength(entry);
    if (this.#bytes <= this.#maxBytes) {
      this.#stream.write(entry);
      return;
    }
    this.#pending.push(entry);
    if (this.#pending.length > KEPT_LINES) {
      this.#pending.shift();
      this.#dropped += 1;
    }
  }

  /** The last lines of stderr; of stdout when stderr stayed silent. They go into messages and the registry. */
  lastLines(): readonly string[] {
    return (this.#tail.stderr.length > 0 ? this.#tail.stderr : this.#tail.stdout).map(storable);
  }

  async close(): Promise<void> {
    if (this.#dropped > 0) this.#stream.write(`... ${String(this.#dropped)} lines left out ...\n`);
    for (const entry of this.#pending) this.#stream.write(entry);
    this.#stream.end();
    if (!this.#stream.closed) await once(this.#stream, 'close');
  }
}
