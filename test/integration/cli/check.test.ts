import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { createS3Client } from '../../../src/artifacts/s3-client.ts';
import { EXIT } from '../../../src/cli/exit-codes.ts';
import { loadConfig } from '../../../src/platform/config.ts';
import { freshBucket, useInfrastructure } from '../infrastructure.ts';
import { Cli } from './cli-fixture.ts';

const PEOPLE = 'id,mail\n1,ada@example.com\n2,bob@example.org\n';
let cli: Cli;
let address: string;

beforeAll(async () => {
  const { env } = useInfrastructure();
  const bucket = await freshBucket();
  const s3 = createS3Client(loadConfig(env).s3);
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'in/people.csv', Body: PEOPLE }));
  s3.destroy();
  address = `s3://${bucket}/in/*.csv`;
  // No address of a server and no token: these commands need none.
  cli = new Cli(Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('S3_'))));
  cli.write('people.csv', PEOPLE);
  cli.write('good.yaml', '- { expect: unique, columns: [id] }\n');
  cli.write('bad.yaml', '- { expect: no_pii }\n');
  cli.write('column.yaml', '- { expect: not_null, column: mial }\n');
  cli.write('refers.yaml', '- { expect: references, column: id, source: users, sourceColumn: id }\n');
  cli.write('sql.yaml', '- { expect: row_count, min: 1, where: "mial = 1" }\n');
  cli.write('kind.yaml', '- { expect: not_nul, column: mail }\n');
  cli.write('torn.csv', 'a,b\n1,2\n3\n');
});

describe('check and scan without a server', () => {
  it.each([
    ['check people.csv', EXIT.ok, 'expectations hold'],
    ['check people.csv --expectations good.yaml', EXIT.ok, '1 of 1 expectation holds'],
    [
      'check people.csv --expectations bad.yaml',
      EXIT.breach,
      'column "mail" holds email_address in 2 of 2 values',
    ],
    ['scan people.csv', EXIT.breach, '1 of 2 columns holds personal data: mail'],
    ['scan people.csv --allow mail', EXIT.ok, 'no personal data found'],
  ])('%s ends with %i', async (args, code, text) => {
    const run = await cli.run(args.split(' '));
    expect(run).toMatchObject({ code, stderr: '' });
    expect(run.stdout).toContain(text);
    expect(run.stdout).not.toMatch(/ada|bob/);
  });

  it.each([
    ['check people.csv --expectations column.yaml', 'EXPECTATION_INVALID', 'did you mean "mail"?'],
    ['check people.csv --expectations sql.yaml', 'SQL_INVALID', 'Candidate bindings: "mail"'],
    ['check people.csv --expectations kind.yaml', 'SPEC_INVALID', 'did you mean "not_null"?'],
    ['check people.csv --expectations none.yaml', 'SPEC_UNREADABLE', 'there is no such file'],
    ['check none.csv', 'DATA_FILE_NOT_FOUND', 'none.csv'],
    ['check torn.csv', 'DATA_FILE_MALFORMED', 'torn.csv:3'],
    ['check', 'USAGE', "missing required argument 'data'"],
    ['check people.csv --source people', 'USAGE', '--expectations'],
    ['check people.csv --reference people', 'USAGE', 'NAME=FILE'],
    ['check people.csv --reference people=people.csv', 'USAGE', 'none refers to another source'],
    [
      'check people.csv --expectations refers.yaml --reference usrs=people.csv',
      'USAGE',
      'did you mean "users"?',
    ],
    ['scan people.csv --kinds ,', 'USAGE', 'It names nothing'],
    ['check people.csv --html none/page.html', 'USAGE', 'ENOENT'],
    ['scan people.csv --allow mial', 'USAGE', 'did you mean "mail"?'],
    ['scan people.csv --kinds email', 'USAGE', 'There is no kind "email"'],
    ['scan people.csv --format xml', 'USAGE', 'csv, parquet or ndjson'],
  ])('refuses %s', async (args, code, text) => {
    const run = await cli.run(args.split(' '));
    expect(run).toMatchObject({ code: EXIT.usage, stdout: '' });
    expect(run.stderr).toMatch(new RegExp(`^error ${code}: `));
    expect(run.stderr).toContain(text);
  });

  it('reads from S3, prints JSON and writes a page', async () => {
    const run = await cli.run(['scan', address, '--json', '--html', 'page.html']);
    expect(run.code).toBe(EXIT.breach);
    expect(JSON.parse(run.stdout)).toMatchObject({
      schemaVersion: 1,
      data: { location: address, format: 'csv', rows: 2 },
      verdict: 'pii',
      columns: [{ name: 'id' }, { name: 'mail', kinds: [{ kind: 'email_address', values: 2 }] }],
    });
    expect(readFileSync(join(cli.folder, 'page.html'), 'utf8')).toContain('email_address');
  });
});
