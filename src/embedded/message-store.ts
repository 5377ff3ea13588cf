import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ID = /^[A-Za-z0-9._-]{1,80}$/;

/** Messages as one JSON file each: what `put` returned from is still there after a kill. */
export class MessageStore<Message> {
  readonly #folder: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#folder = folder;
  }

  put(id: string, message: Message): void {
    if (!ID.test(id)) throw new TypeError(`not a message id: ${id}`);
    const path = join(this.#folder, `${id}.json`);
    writeFileSync(`${path}.tmp`, JSON.stringify(message), { mode: 0o600 });
    renameSync(`${path}.tmp`, path);
  }

  get(id: string): Message | undefined {
    if (!ID.test(id)) return undefined;
    try {
      return JSON.parse(readFileSync(join(this.#folder, `${id}.json`), 'utf8')) as Message;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Oldest first: ids are made so that they sort by time. */
  list(): Message[] {
    const names = readdirSync(this.#folder).filter((name) => name.endsWith('.json'));
    return names.sort().flatMap((name) => this.get(name.slice(0, -'.json'.length)) ?? []);
  }
}
