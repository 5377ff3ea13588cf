import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { inflateRawSync, inflateSync } from 'node:zlib';

/** A secret by the name that a finding calls it: a finding must not spread what it found. */
export interface Secret {
  readonly name: string;
  readonly text: string;
}

/** Where one was found. */
export interface Leak {
  readonly secret: string;
  readonly place: string;
}

const MIN_CHARS = 8;
const GZIP = Buffer.from([0x1f, 0x8b, 0x08]);
/** Without a name or a comment, which servers don't write. */
const GZIP_HEADER_BYTES = 10;
const CHUNK_BYTES = 8 * 2 ** 20;
/** How many compressed parts of one file are looked into. */
const MAX_PARTS = 5_000;

/** Looks for secrets as written, in a URL, in JSON, and as Base64 or hexadecimal digits. */
export class SecretSearch {
  readonly #needles: readonly { readonly name: string; readonly bytes: Buffer }[];
  readonly #overlap: number;

  constructor(secrets: readonly Secret[]) {
    this.#needles = secrets
      .filter(({ text }) => text.length >= MIN_CHARS)
      .flatMap(({ name, text }) => formsOf(text).map((form) => ({ name, bytes: Buffer.from(form, 'utf8') })));
    if (this.#needles.length === 0) throw new Error('there is no secret to look for');
    this.#overlap = Math.max(...this.#needles.map(({ bytes }) => bytes.length)) - 1;
  }

  inBytes(bytes: Buffer, place: string): Leak[] {
    const names = this.#needles.filter((needle) => bytes.includes(needle.bytes)).map(({ name }) => name);
    return [...new Set(names)].map((secret) => ({ secret, place }));
  }

  /** Anything that can be written as JSON; of an error also what is not enumerable, causes included. */
  inValue(value: unknown, place: string): Leak[] {
    return this.inBytes(Buffer.from(asText(value)), place);
  }

  /** Every file below a folder but those named, or in folders named, what is compressed in them included. */
  inFolder(folder: string, except: readonly string[] = []): Leak[] {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
      const path = join(folder, name);
      const info = statSync(path, { throwIfNoEntry: false });
      if (info?.isFile() !== true) return [];
      if (except.some((one) => name === one || name.startsWith(`${one}/`))) return [];
      return this.inFile(path, relative(folder, path));
    });
  }

  inFile(path: string, place: string): Leak[] {
    const found = new Set<string>();
    const file = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(CHUNK_BYTES + this.#overlap);
      for (let at = 0; ; at += CHUNK_BYTES) {
        const length = readSync(file, buffer, 0, buffer.length, at);
        for (const leak of this.inBytes(buffer.subarray(0, length), place)) found.add(leak.secret);
        if (length < buffer.length) break;
      }
    } finally {
      closeSync(file);
    }
    if (statSync(path).size < CHUNK_BYTES * 8)
      for (const part of decompressed(readFileSync(path)))
        for (const leak of this.inBytes(part, place)) found.add(leak.secret);
    return [...found].map((secret) => ({ secret, place }));
  }
}

function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  // Base64 of a longer text holds one of three forms of it, by where it begins; the first and last digits depend on
  // the neighbours.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '')
      .slice(shift === 0 ? 0 : shift + 1, -1),
  );
  const forms = [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1), bytes.toString('hex')];
  return [...new Set([...forms, ...base64])];
}

/** Gzip members and whole zlib streams, wherever they begin. */
function* decompressed(bytes: Buffer): Generator<Buffer> {
  let parts = 0;
  for (let at = bytes.indexOf(GZIP); at !== -1 && parts < MAX_PARTS; at = bytes.indexOf(GZIP, at + 1)) {
    parts += 1;
    const part = attempt(() => inflateRawSync(bytes.subarray(at + GZIP_HEADER_BYTES)));
    if (part) yield part;
  }
  if (bytes[0] === 0x78) {
    const whole = attempt(() => inflateSync(bytes));
    if (whole) yield whole;
  }
}

function attempt(work: () => Buffer): Buffer | null {
  try {
    return work();
  } catch {
    return null;
  }
}

function asText(value: unknown): string {
  const seen = new Set<unknown>();
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return String(part);
    if (typeof part !== 'object' || part === null) return part;
    if (seen.has(part)) return '[again]';
    seen.add(part);
    if (Buffer.isBuffer(part)) return part.toString('latin1');
    if (!(part instanceof Error)) return part;
    const names = [...Object.getOwnPropertyNames(part), 'name'];
    return Object.fromEntries(
      names.map((name) => [name, (part as unknown as Record<string, unknown>)[name]]),
    );
  });
}
