import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadStackState, saveStackState } from '../../../src/embedded/stack-state.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'perennial-state-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the state of a stack', () => {
  it('is made once, with credentials of its own, for its owner only', () => {
    const first = loadStackState(join(folder, 'a'));
    expect(loadStackState(join(folder, 'a'))).toEqual(first);
    expect(loadStackState(join(folder, 'b')).credentials.postgresPassword).not.toBe(
      first.credentials.postgresPassword,
    );
    expect(statSync(join(folder, 'a', 'stack.json')).mode & 0o777).toBe(0o600);
  });

  it('is replaced as a whole and leaves no draft behind', () => {
    const state = loadStackState(folder);
    saveStackState(folder, { ...state, ports: { postgres: 25_432 } });
    expect(loadStackState(folder).ports).toEqual({ postgres: 25_432 });
    expect(readdirSync(folder)).toEqual(['stack.json']);
  });

  it('is never guessed when the file is damaged, and the text shows none of it', () => {
    writeFileSync(join(folder, 'stack.json'), '{"credentials": {"postgresPassword": "hunter2"');
    expect(() => loadStackState(folder)).toThrow(
      expect.objectContaining({ code: 'STACK_STATE_INVALID' }) as Error,
    );
    expect(() => loadStackState(folder)).not.toThrow(/hunter2/);
  });
});
