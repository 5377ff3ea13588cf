import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { FrameManifest } from '../domain/frame.ts';
import type { Queryable } from './database.ts';

/** Records a frame. The same content for another version is the same frame. */
export async function insertFrame(
  db: Queryable,
  ref: ModelRef & { readonly version: number },
  digest: string,
  manifest: FrameManifest,
): Promise<void> {
  await db.query(
    `INSERT INTO frames (digest, model, environment, version, manifest)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (digest) DO NOTHING`,
    [digest, ref.model, ref.environment, ref.version, JSON.stringify(manifest)],
  );
}
