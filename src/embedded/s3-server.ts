import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { findS3Server } from './binaries.ts';
import { LOOPBACK } from './ports.ts';
import { baseEnvironment } from './service.ts';
import type { Service } from './service.ts';

export const EMBEDDED_REGION = 'us-east-1';
/** SeaweedFS takes a port of its own choice for each of these that is left out. */
export const S3_PORTS = [
  's3',
  's3-grpc',
  's3-master',
  's3-master-grpc',
  's3-volume',
  's3-volume-grpc',
  's3-filer',
  's3-filer-grpc',
  's3-admin',
  's3-admin-grpc',
] as const;
type S3Port = (typeof S3_PORTS)[number];

const REQUEST_TIMEOUT_MS = 5_000;
const PROBE_KEY = '.perennial-ready';

// The SDK warns about releases of next year; versions are pinned here, and the line confuses who runs the stack.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

export interface S3Settings {
  readonly dataDir: string;
  readonly ports: Readonly<Record<S3Port, number>>;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly bucket: string;
}

export function s3Endpoint(settings: S3Settings): string {
  return `http://${LOOPBACK}:${String(settings.ports.s3)}`;
}

export function s3Service(settings: S3Settings): Service {
  const server = findS3Server();
  const folder = join(settings.dataDir, 's3');
  const { accessKeyId, secretAccessKey } = settings;
  const keys =
    server.kind === 'weed'
      ? { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }
      : { ROOT_ACCESS_KEY_ID: accessKeyId, ROOT_SECRET_ACCESS_KEY: secretAccessKey };
  return {
    name: 's3',
    command: server.path,
    args: server.kind === 'weed' ? weedArgs(settings, folder) : versitygwArgs(settings, folder),
    env: { ...baseEnvironment(), HOME: folder, ...keys },
    cwd: folder,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 8_000,
    prepare: () => void mkdirSync(folder, { recursive: true, mode: 0o700 }),
    check: async () => {
      if (server.kind === 'weed') await answers(`${s3Endpoint(settings)}/status`);
    },
    afterReady: () => prepareBucket(settings, settings.bucket),
  };
}

function weedArgs({ ports, bucket }: S3Settings, folder: string): string[] {
  const flags: Record<string, string | number | boolean> = {
    dir: folder,
    ip: LOOPBACK,
    'ip.bind': LOOPBACK,
    's3.port': ports.s3,
    's3.port.grpc': ports['s3-grpc'],
    's3.port.iceberg': 0,
    's3.port.lance': 0,
    's3.iam': false,
    'master.port': ports['s3-master'],
    'master.port.grpc': ports['s3-master-grpc'],
    'volume.port': ports['s3-volume'],
    'volume.port.grpc': ports['s3-volume-grpc'],
    'filer.port': ports['s3-filer'],
    'filer.port.grpc': ports['s3-filer-grpc'],
    'admin.port': ports['s3-admin'],
    'admin.port.grpc': ports['s3-admin-grpc'],
    'admin.ui': false,
    webdav: false,
    bucket,
  };
  return [
    '-logtostderr=true',
    'mini',
    ...Object.entries(flags).map(([name, value]) => `-${name}=${String(value)}`),
  ];
}

/** Object versions must lie outside the served folder, and both paths must be absolute. */
function versitygwArgs({ ports, dataDir }: S3Settings, folder: string): string[] {
  const versions = join(dataDir, 's3-versions');
  mkdirSync(versions, { recursive: true, mode: 0o700 });
  return [
    '--port',
    `${LOOPBACK}:${String(ports.s3)}`,
    '--region',
    EMBEDDED_REGION,
    'posix',
    '--versioning-dir',
    versions,
    folder,
  ];
}

async function answers(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url} answered ${String(response.status)}`);
}

/**
 * Makes the bucket unless it is there, and passes an object through it: SeaweedFS answers on its port some time
 * before the volumes of an earlier start are registered, and reads fail until then.
 */
async function prepareBucket(
  settings: Pick<S3Settings, 'ports' | 'accessKeyId' | 'secretAccessKey'>,
  bucket: string,
): Promise<void> {
  const { accessKeyId, secretAccessKey } = settings;
  const client = new S3Client({
    endpoint: s3Endpoint(settings as S3Settings),
    region: EMBEDDED_REGION,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  });
  const abortSignal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal }).catch(async () => {
      await client.send(new CreateBucketCommand({ Bucket: bucket }), { abortSignal });
    });
    const probe = { Bucket: bucket, Key: PROBE_KEY };
    await client.send(new PutObjectCommand({ ...probe, Body: 'ready' }), { abortSignal });
    const { Body } = await client.send(new GetObjectCommand(probe), { abortSignal });
    await Body?.transformToString();
    await client.send(new DeleteObjectCommand(probe), { abortSignal });
  } finally {
    client.destroy();
  }
}
