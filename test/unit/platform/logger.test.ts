import { describe, expect, it } from 'vitest';
import { createLogger, withoutCredentials } from '../../../src/platform/logger.ts';

describe('createLogger', () => {
  it('never writes a value that stands under the name of a secret', () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const logger = createLogger({ name: 'test', level: 'info', destination });
    const s3 = { bucket: 'perennial', credentials: { accessKeyId: 'hunter2', secretAccessKey: 'hunter2' } };
    logger.info({ config: { databaseUrl: 'hunter2', s3 }, token: 'hunter2', model: 'plants' }, 'started');
    expect(lines.join('')).not.toContain('hunter2');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      name: 'test',
      model: 'plants',
      msg: 'started',
      token: '[redacted]',
    });
  });
});

describe('withoutCredentials', () => {
  it('keeps the address of a URL and drops who may use it', () => {
    expect(withoutCredentials('postgres://ada:hunter2@db:5432/perennial')).toBe(
      'postgres://db:5432/perennial',
    );
  });
});
