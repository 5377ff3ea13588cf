import { existsSync, mkdtempSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  openWorkspace,
  removeForgottenRuns,
  whileRemembered,
} from '../../../src/training/training-workspace.ts';

const HOUR_MS = 3_600_000;
const MONTH_S = 30 * 24 * 3_600;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'perennial-workspace-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

describe('the folder of a run', () => {
  it('is not forgotten while it trains for a month and logs nothing', async () => {
    const workspace = await openWorkspace(folder, 'run/1', 1);
    const began = Date.now() / 1_000 - MONTH_S;
    utimesSync(workspace.runDir, began, began);
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    await whileRemembered(workspace, async () => {
      vi.advanceTimersByTime(HOUR_MS);
      await vi.waitUntil(() => statSync(workspace.runDir).mtimeMs > began * 1_000, { timeout: 30_000 });
      await removeForgottenRuns(folder);
      expect(existsSync(workspace.attemptDir)).toBe(true);
    });
    utimesSync(workspace.runDir, began, began);
    await removeForgottenRuns(folder);
    expect(existsSync(workspace.runDir)).toBe(false);
  });
});
