import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { productRoot } from '../../../src/embedded/binaries.ts';
import { PRODUCT_PROCESSES } from '../../../src/embedded/product-processes.ts';
import { loadConfig } from '../../../src/platform/config.ts';

interface ComposeService {
  readonly image: string;
  readonly build?: { readonly target: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: readonly { readonly path: string; readonly required: boolean }[];
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly volumes?: readonly string[];
}

const read = (name: string): string => readFileSync(join(productRoot(), name), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, ComposeService>>;
};
const services = Object.entries(compose.services);
const ours = services.filter(([, service]) => service.build !== undefined);
const SECRETS = {
  POSTGRES_PASSWORD: 'a-password',
  S3_ACCESS_KEY_ID: 'a-key',
  S3_SECRET_ACCESS_KEY: 'a-secret',
  PERENNIAL_LINK_SECRET: 'a-secret-of-enough-length',
};

/** `${NAME:?text}`, `${NAME:-default}` and `$$`, as compose replaces them. */
function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$\{(\w+):([?-])([^}]*)\}/g,
    (_match, name: string, operator: string, rest: string) => {
      if ((env[name] ?? '') !== '') return env[name] ?? '';
      if (operator === '?') throw new Error(`${name} is required`);
      return rest;
    },
  );
}

describe('docker-compose.yml', () => {
  it('fits the Compose Specification, by its own JSON schema and by docker compose where that is installed', () => {
    // https://github.com/compose-spec/compose-go, schema/compose-spec.json, Apache-2.0
    const ajv = new Ajv({
      strict: false,
      validateSchema: false,
      allErrors: true,
      formats: { duration: true, ports: true, expose: true },
    });
    const validate = ajv.compile(JSON.parse(read('test/reference/compose-spec.json')) as object);
    expect(validate(compose) ? [] : validate.errors).toEqual([]);
    const hasCompose = spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0;
    if (!hasCompose) return;
    const env = { ...process.env, ...SECRETS };
    const { status, stderr } = spawnSync('docker', ['compose', '--profile', 'gpu', 'config', '--quiet'], {
      cwd: productRoot(),
      encoding: 'utf8',
      env,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('runs every process of the product, each with a health check, once its API has prepared the servers', () => {
    for (const { name, main } of PRODUCT_PROCESSES) {
      const service = compose.services[name];
      expect(service?.command?.at(-1), name).toBe(`dist/${main}`);
      if (name !== 'api')
        expect(service?.depends_on, name).toMatchObject({ api: { condition: 'service_healthy' } });
    }
    for (const [name, service] of services) expect(service.healthcheck?.test, name).toBeDefined();
    expect(compose.services['worker-training-gpu']?.profiles).toEqual(['gpu']);
  });

  it('gives the product a whole configuration', () => {
    for (const [name, service] of ours) {
      const entries = Object.entries(service.environment ?? {});
      const env = Object.fromEntries(entries.map(([key, value]) => [key, interpolate(value, SECRETS)]));
      expect(() => loadConfig(env), name).not.toThrow();
    }
  });

  it('gives the workers what specs name, from a file that is no part of the repository', () => {
    const takers = services.filter(([, service]) => service.env_file !== undefined);
    expect(takers.map(([name]) => name)).toEqual([
      'worker-control',
      'worker-data',
      'worker-training',
      'worker-training-gpu',
    ]);
    for (const [, { env_file: files }] of takers)
      expect(files).toEqual([{ path: 'spec.env', required: false }]);
    for (const ignored of ['.gitignore', '.dockerignore']) expect(read(ignored)).toMatch(/^spec\.env$/m);
  });

  it('holds no secret and refuses to start without one of those that it needs', () => {
    for (const [name, service] of services) {
      for (const [variable, value] of Object.entries(service.environment ?? {})) {
        if (/PASSWORD|PWD|SECRET|ACCESS_KEY|TOKEN/.test(variable)) {
          expect(value, `${name}.${variable}`).toMatch(/^\$\{\w+:(\?.+|-)\}$/);
        }
      }
    }
    for (const missing of Object.keys(SECRETS)) {
      expect(() => interpolate(read('docker-compose.yml'), { ...SECRETS, [missing]: '' }), missing).toThrow(
        missing,
      );
    }
  });

  it('publishes ports on loopback only', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('keeps what a process must not lose in a volume of its own', () => {
    const volumes = ours.flatMap(([, service]) => service.volumes ?? []);
    expect(volumes).toHaveLength(ours.length);
    expect(new Set(volumes).size).toBe(ours.length);
  });

  it('names in .env.example every variable that it asks for', () => {
    const example = read('.env.example');
    const asked = [...read('docker-compose.yml').matchAll(/\$\{(\w+):/g)].map((match) => match[1] ?? '');
    const unnamed = asked.filter((name) => !name.endsWith('_VERSION') && !example.includes(`${name}=`));
    expect(unnamed).toEqual([]);
    expect(example.split('\n').filter((line) => /^\w+=./.test(line))).toEqual([]);
  });
});

describe('Dockerfile', () => {
  const stages = read('Dockerfile')
    .split(/^FROM /m)
    .slice(1)
    .map((text) => ({ name: /AS (\w+)/.exec(text)?.[1] ?? '', lines: text.split('\n') }));

  it('has every stage that compose builds, and none of them runs as root', () => {
    for (const target of new Set(ours.map(([, service]) => service.build?.target))) {
      const stage = stages.find(({ name }) => name === target);
      expect(
        stage?.lines.findLast((line) => line.startsWith('USER ')),
        target,
      ).toBe('USER perennial');
    }
  });

  it('copies only what the checkout has', () => {
    const copied = stages.flatMap(({ lines }) => lines.filter((line) => /^COPY (?!--from)/.test(line)));
    const sources = copied.flatMap((line) => line.split(' ').slice(1, -1));
    expect(sources.filter((source) => !existsSync(join(productRoot(), source)))).toEqual([]);
  });
});
