import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
}

const packageJson = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
  string,
  Record<string, string>
>;
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');

describe('the lock of the Node packages', () => {
  it('holds a SHA-512 of every package, and says nowhere where to fetch it', () => {
    expect(locked.length).toBeGreaterThan(300);
    const bare = locked.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''));
    expect(bare.map(([path]) => path)).toEqual([]);
    expect(locked.filter(([, entry]) => entry.resolved !== undefined || entry.link === true)).toEqual([]);
  });

  it('agrees with package.json, which names exact versions only', () => {
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'])
      for (const [name, version] of Object.entries(packageJson[kind] ?? {})) {
        expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
        expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version);
      }
  });
});

describe.each(['base', 'deep'])('the lock of the Python packages, %s', (name) => {
  const lines = readFileSync(`requirements/${name}.txt`, 'utf8').split('\n').filter(Boolean);
  const entries = lines
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split(/\n(?=\S)/)
    .map((entry) => entry.replaceAll('\\\n', ' '));

  it('holds an exact version and SHA-256 of every package', () => {
    expect(entries.length).toBeGreaterThan(5);
    for (const entry of entries)
      expect(entry).toMatch(/^[A-Za-z0-9._-]+==[^\s;]+(\s*;[^\\]*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*$/);
  });

  it('takes every package that its list asks for', () => {
    const asked = readFileSync(`requirements/${name}.in`, 'utf8')
      .split('\n')
      .map((line) => /^[A-Za-z0-9._-]+/.exec(line)?.[0]?.toLowerCase())
      .filter((one) => one !== undefined);
    const known = entries.map((entry) => entry.split('==')[0]?.toLowerCase());
    expect(asked.filter((one) => !known.includes(one))).toEqual([]);
  });
});

it('no lock names a host', () => {
  for (const file of ['requirements/base.txt', 'requirements/deep.txt'])
    expect(readFileSync(file, 'utf8')).not.toMatch(/https?:|--(extra-)?index-url|--find-links|@ /);
  // Addresses of people who ask for donations are no registries.
  const rest = locked.map(([, { version, integrity, resolved }]) => [version, integrity, resolved]);
  expect(JSON.stringify(rest)).not.toMatch(/https?:|git\+|file:/);
});
