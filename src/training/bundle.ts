import { chmod, constants, copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { z } from 'zod';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { PerennialError } from '../errors/define-error.ts';
import { BUNDLE_INVALID } from '../errors/training-errors.ts';
import { isLeftOut } from './left-out.ts';

const PLAIN_MODE = 0o644;
const EXECUTABLE_MODE = 0o755;
const MAX_MANIFEST_BYTES = 16 * 2 ** 20;

/** A path that stays inside any folder it is joined to. */
function isInside(path: string): boolean {
  return (
    path !== '' &&
    !path.startsWith('/') &&
    !/[\\\0]/.test(path) &&
    posix.normalize(path) === path &&
    path !== '.' &&
    path !== '..' &&
    !path.startsWith('../')
  );
}

const BundleManifest = z.strictObject({
  files: z.array(
    z.strictObject({
      path: z.string().refine(isInside, 'a path inside the bundle, without ".." and in its shortest form'),
      digest: z.string().regex(/^[0-9a-f]{64}$/),
      mode: z.union([z.literal(PLAIN_MODE), z.literal(EXECUTABLE_MODE)]),
    }),
  ),
});
type BundleManifest = z.infer<typeof BundleManifest>;

type BundleStore = Pick<ArtifactStore, 'putJson' | 'putFile' | 'readBytes' | 'fetchFile'>;

/**
 * Stores every file of a folder and a manifest of them; the digest of the manifest is the bundle's. Equal folders
 * give equal digests: files are sorted, of their mode only "executable" counts, and no times are kept.
 * @throws PerennialError BUNDLE_INVALID when the folder holds a link or a device.
 */
export async function packBundle(store: BundleStore, folder: string): Promise<string> {
  const paths = await listFiles(folder, '');
  const files: BundleManifest['files'] = [];
  for (const { path, executable } of paths.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const { digest } = await store.putFile(join(folder, path));
    files.push({ path, digest, mode: executable ? EXECUTABLE_MODE : PLAIN_MODE });
  }
  const { digest } = await store.putJson({ files });
  return digest;
}

async function listFiles(root: string, under: string): Promise<{ path: string; executable: boolean }[]> {
  const found: { path: string; executable: boolean }[] = [];
  for (const entry of await readdir(join(root, under), { withFileTypes: true })) {
    const path = posix.join(under, entry.name);
    if (isLeftOut(entry.name)) continue;
    if (!isInside(path))
      throw new PerennialError(BUNDLE_INVALID, `${path} has a name that bundles don't take; rename it`);
    if (entry.isDirectory()) found.push(...(await listFiles(root, path)));
    else if (entry.isFile()) found.push({ path, executable: await isExecutable(join(root, path)) });
    else
      throw new PerennialError(
        BUNDLE_INVALID,
        `${path} is neither a file nor a folder; replace links by what they point at`,
      );
  }
  return found;
}

async function isExecutable(file: string): Promise<boolean> {
  return ((await stat(file)).mode & 0o100) !== 0;
}

/**
 * Writes a bundle's files into a folder that does not exist yet or is empty. Nothing is written outside it.
 * @throws PerennialError BUNDLE_INVALID, ARTIFACT_NOT_FOUND
 */
export async function unpackBundle(store: BundleStore, digest: string, folder: string): Promise<void> {
  const manifest = await readManifest(store, digest);
  await mkdir(folder, { recursive: true });
  for (const { path, digest: file, mode } of manifest.files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(await store.fetchFile(file), target, constants.COPYFILE_FICLONE);
    await chmod(target, mode);
  }
}

async function readManifest(store: BundleStore, digest: string): Promise<BundleManifest> {
  const bytes = await store.readBytes(digest);
  const refuse = (why: string): never => {
    throw new PerennialError(BUNDLE_INVALID, `bundle ${digest} ${why}; apply the spec again`);
  };
  if (bytes.byteLength > MAX_MANIFEST_BYTES) return refuse('has a manifest of over 16 MiB');
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return refuse('has a manifest that is not JSON');
  }
  const parsed = BundleManifest.safeParse(json);
  if (!parsed.success) {
    const first = parsed.error.issues[0];
    return refuse(
      `has an invalid manifest at ${first?.path.join('.') ?? ''}: ${first?.message ?? 'unknown'}`,
    );
  }
  const paths = parsed.data.files.map((file) => file.path);
  if (new Set(paths).size !== paths.length) return refuse('names a path twice');
  return parsed.data;
}
