import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClickEvent, ImpressionEvent } from './shop-events.ts';

type LogName = 'impressions' | 'clicks';
const LOG_NAMES: readonly LogName[] = ['impressions', 'clicks'];

const stamp = (atMs: number): string => new Date(atMs).toISOString().replaceAll(/[-:.]/g, '');

/**
 * Publishes one file of the application log, whole or not at all: readers of `*.ndjson` never see a part.
 * Names grow with `atMs`, the time of publishing, and then with `sequence`. Publishing twice is harmless.
 */
async function publishLogFile(
  logDirectory: string,
  log: LogName,
  file: { atMs: number; sequence: number; lines: readonly object[] },
): Promise<string> {
  const folder = join(logDirectory, log);
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${stamp(file.atMs)}-${String(file.sequence).padStart(6, '0')}.ndjson`);
  await writeFile(`${path}.part`, file.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await rename(`${path}.part`, path);
  return path;
}

/** Publishes both logs of a batch of visits; a log without lines gets no file. */
export async function publishVisits(
  logDirectory: string,
  batch: readonly { impressions: readonly ImpressionEvent[]; clicks: readonly ClickEvent[] }[],
  file: { atMs: number; sequence: number },
): Promise<void> {
  for (const log of LOG_NAMES) {
    const lines = batch.flatMap((visit): readonly object[] => visit[log]);
    if (lines.length > 0) await publishLogFile(logDirectory, log, { ...file, lines });
  }
}

const BAD_LINES = 60;

/**
 * A broken release of the shop writes this file: in turn a negative price, a null customer, a position that
 * is no number, and a line that is right. No expectation may let it pass.
 */
export async function publishBadBatch(logDirectory: string, atMs: number): Promise<string> {
  const lines = Array.from({ length: BAD_LINES }, (_, i) => ({
    impression_id: `bad-${stamp(atMs)}-${i}`,
    request_id: `bad-${stamp(atMs)}`,
    customer_id: i % 4 === 1 ? null : 'c-00001',
    plant_id: 'aloe-vera-compacta',
    surface: 'recommendation',
    position: i % 4 === 2 ? 'first' : 1,
    price_shown: i % 4 === 0 ? -19.99 : 12.5,
    available: true,
    shown_at: new Date(atMs).toISOString(),
  }));
  return publishLogFile(logDirectory, 'impressions', { atMs, sequence: 999_999, lines });
}
