import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/platform/config.ts';
import { connectTemporal } from '../../../src/platform/temporal-connection.ts';
import { freshBucket, freshDatabase, startTemporal, useInfrastructure } from '../infrastructure.ts';

describe('the infrastructure of integration tests', () => {
  it('gives an environment that the product accepts as it stands', () => {
    const config = loadConfig(useInfrastructure().env);
    expect(config.environment).toBe('dev');
    expect(config.mail.smtpUrl).toMatch(/^smtp:/);
  });

  it('refuses a wrong PostgreSQL password', async () => {
    const url = new URL(useInfrastructure().env['DATABASE_URL'] ?? '');
    url.password = 'wrong';
    const client = new pg.Client({ connectionString: url.href });
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
  });

  it('gives each caller an empty database of its own', async () => {
    const [first, second] = await Promise.all([freshDatabase(), freshDatabase()]);
    expect(first).not.toBe(second);
    const client = new pg.Client({ connectionString: first });
    await client.connect();
    const { rows } = await client.query(
      "select count(*)::int as n from pg_tables where schemaname = 'public'",
    );
    await client.end();
    expect(rows).toEqual([{ n: 0 }]);
  });

  it('gives a bucket that exists, and refuses wrong keys', async () => {
    const { s3 } = loadConfig(useInfrastructure().env);
    const bucket = await freshBucket();
    const open = (secretAccessKey: string): S3Client =>
      new S3Client({
        endpoint: s3.endpoint ?? '',
        region: s3.region,
        forcePathStyle: true,
        credentials: { accessKeyId: s3.credentials?.accessKeyId ?? '', secretAccessKey },
      });
    await open(s3.credentials?.secretAccessKey ?? '').send(new HeadBucketCommand({ Bucket: bucket }));
    await expect(open('wrong').send(new HeadBucketCommand({ Bucket: bucket }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    });
  });

  it('starts a Temporal server with the search attributes registered', async () => {
    const temporal = await startTemporal();
    const connection = await connectTemporal({ ...temporal, tls: false, apiKey: undefined });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace: temporal.namespace,
    });
    await connection.close();
    await temporal.stop();
    expect(Object.keys(customAttributes ?? {})).toEqual(
      expect.arrayContaining(['PerennialModel', 'PerennialEnvironment', 'PerennialStage']),
    );
  });
});
