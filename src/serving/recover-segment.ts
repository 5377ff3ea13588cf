import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';

const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** Cuts a file after its last newline: a line that its writer died in was never answered. */
export function recoverSegment(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    const { size } = fstatSync(fd);
    const block = Buffer.alloc(BLOCK_BYTES);
    let end = size;
    while (end > 0) {
      const start = Math.max(0, end - BLOCK_BYTES);
      const length = readSync(fd, block, 0, end - start, start);
      const newline = block.subarray(0, length).lastIndexOf(NEWLINE);
      if (newline >= 0) {
        const keep = start + newline + 1;
        if (keep < size) ftruncateSync(fd, keep);
        return;
      }
      end = start;
    }
    ftruncateSync(fd, 0);
  } finally {
    closeSync(fd);
  }
}
