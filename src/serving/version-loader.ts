import { copyFile, link, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { digestOfFile } from '../artifacts/blob-cache.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { ServableVersion } from '../registry/servable-versions.ts';
import { loadVersion } from './loaded-version.ts';
import type { LoadedVersion } from './loaded-version.ts';

/** How long a version that left the route may still be answering. */
const RELEASE_AFTER_MS = 30_000;

/**
 * Versions in memory, each loaded once. Model files are kept in a folder of the gateway's own, so that it starts
 * without S3 and no other process's cache can take them away.
 */
export class VersionLoader {
  readonly #store: Pick<ArtifactStore, 'fetchFile'>;
  readonly #folder: string;
  readonly #loaded = new Map<string, LoadedVersion>();
  readonly #loading = new Map<string, Promise<LoadedVersion>>();
  #pruning: Promise<void> = Promise.resolve();

  constructor(store: Pick<ArtifactStore, 'fetchFile'>, folder: string) {
    this.#store = store;
    this.#folder = folder;
  }

  get(model: string, version: number): LoadedVersion | undefined {
    return this.#loaded.get(idOf(model, version));
  }

  /** Loaded versions of a model, ascending. */
  versionsOf(model: string): number[] {
    const own = [...this.#loaded.values()].filter((loaded) => loaded.servable.model === model);
    return own.map((loaded) => loaded.servable.version).sort((a, b) => a - b);
  }

  /**
   * A version that is loaded otherwise than it is told now is loaded anew: an older release had told it.
   * @throws PerennialError of the artifact store, MODEL_UNLOADABLE, SIGNATURE_MISMATCH
   */
  async load(servable: ServableVersion): Promise<LoadedVersion> {
    const id = idOf(servable.model, servable.version);
    const known = this.#loaded.get(id);
    if (known !== undefined && canonicalJson(known.servable) === canonicalJson(servable)) return known;
    const loading = this.#loading.get(id) ?? this.#start(id, servable);
    return loading;
  }

  /** Lets go of every version of a model that is not named, once nobody can be using it. */
  retain(model: string, versions: ReadonlySet<number>): void {
    for (const [id, loaded] of this.#loaded) {
      if (loaded.servable.model !== model || versions.has(loaded.servable.version)) continue;
      this.#loaded.delete(id);
      releaseLater(loaded);
    }
  }

  /** Removes the model files of no loaded version, unless one is being loaded. */
  async prune(): Promise<void> {
    if (this.#loading.size > 0) return;
    this.#pruning = this.#removeUnwanted();
    await this.#pruning;
  }

  async #removeUnwanted(): Promise<void> {
    const wanted = new Set([...this.#loaded.values()].map((loaded) => loaded.servable.artifact));
    for (const name of await readdir(this.#folder).catch(() => []))
      if (!wanted.has(name)) await rm(join(this.#folder, name), { force: true });
  }

  async #start(id: string, servable: ServableVersion): Promise<LoadedVersion> {
    const loading = this.#load(servable);
    this.#loading.set(id, loading);
    try {
      const loaded = await loading;
      const before = this.#loaded.get(id);
      this.#loaded.set(id, loaded);
      if (before !== undefined) releaseLater(before);
      return loaded;
    } finally {
      this.#loading.delete(id);
    }
  }

  async #load(servable: ServableVersion): Promise<LoadedVersion> {
    await this.#pruning.catch(() => undefined);
    return loadVersion(servable, await this.#fileOf(servable.artifact));
  }

  async #fileOf(digest: string): Promise<string> {
    const own = join(this.#folder, digest);
    if ((await digestOfFile(own).catch(() => null)) === digest) return own;
    const fetched = await this.#store.fetchFile(digest);
    await mkdir(this.#folder, { recursive: true });
    const temporary = `${own}.${process.pid}.tmp`;
    await rm(temporary, { force: true });
    // A link costs no bytes; where the cache is on another disk it is a copy.
    await link(fetched, temporary).catch(() => copyFile(fetched, temporary));
    await rename(temporary, own);
    return own;
  }
}

function releaseLater(loaded: LoadedVersion): void {
  setTimeout(() => void loaded.predictor.release(), RELEASE_AFTER_MS).unref();
}

function idOf(model: string, version: number): string {
  return `${model}\n${version}`;
}
