// Writes requirements/{base,deep}.txt from the .in files: exact pins with the hashes of every wheel that any
// supported machine would take. Run it by hand after an edit: `node scripts/lock-python.mjs [base|deep]`.
// Needs Python >= 3.10 with venv; it makes a throw-away venv with a current pip and leaves nothing behind.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PIP_PIN = 'pip==26.3';
const REQUIREMENTS = join(dirname(dirname(fileURLToPath(import.meta.url))), 'requirements');
/** The oldest Python has older numeric libraries than the others, hence one resolution for each line. */
const PYTHON_LINES = [
  { marker: 'python_version < "3.11"', resolveWith: '3.10', versions: ['3.10'] },
  { marker: 'python_version >= "3.11"', resolveWith: '3.11', versions: ['3.11', '3.12', '3.13', '3.14'] },
];
const manylinux = (arch) =>
  ['2_28', '2_27', '2_26', '2_24', '2_17', '2014', '2_12', '2010', '2_5', '1'].map((v) =>
    v.includes('_') ? `manylinux_${v}_${arch}` : `manylinux${v}_${arch}`,
  );
const PLATFORMS = {
  'Linux x86_64': manylinux('x86_64'),
  'Linux aarch64': manylinux('aarch64'),
  'macOS arm64': ['macosx_15_0_arm64'],
  'macOS x86_64': ['macosx_15_0_x86_64'],
};
/** 469 MB for training across several GPUs of one machine, which no trainer here does; xgboost works without it. */
const NEVER = { base: ['nvidia-nccl-cu12'], deep: [] };
const CUDA_PACKAGE = /^(nvidia-|cuda-|triton$)/;
const LINUX_ONLY = 'platform_system == "Linux"';

const workDir = mkdtempSync(join(tmpdir(), 'perennial-lock-'));
const python = join(workDir, 'venv', 'bin', 'python');

function report(target, args) {
  const platforms = target.platforms.flatMap((platform) => ['--platform', platform]);
  const output = execFileSync(
    python,
    [
      '-m',
      'pip',
      '--disable-pip-version-check',
      'install',
      '--quiet',
      '--dry-run',
      '--ignore-installed',
      '--only-binary=:all:',
    ].concat(
      ['--report', '-', '--target', join(workDir, 'none'), '--python-version', target.python],
      platforms,
      args,
    ),
    { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return JSON.parse(output).install.map((item) => ({
    name: item.metadata.name.toLowerCase().replaceAll(/[-_.]+/g, '-'),
    version: item.metadata.version,
    sha256: item.download_info.archive_info.hashes.sha256,
  }));
}

/** Batches fail when one package has no wheel for the target; then each is asked for by itself. */
function wheelsFor(target, pins) {
  const specs = pins.map((pin) => `${pin.name}==${pin.version}`);
  try {
    return report(target, ['--no-deps', ...specs]);
  } catch {
    return specs.flatMap((spec) => {
      try {
        return report(target, ['--no-deps', spec]);
      } catch {
        console.log(`  no wheel: ${spec} on ${target.label}, Python ${target.python}`);
        return [];
      }
    });
  }
}

function markersOf(group) {
  const lines = readFileSync(join(REQUIREMENTS, `${group}.in`), 'utf8').split('\n');
  const withMarker = lines.filter((line) => line.includes(';')).map((line) => line.split(';'));
  return new Map(withMarker.map(([spec, marker]) => [spec.split('==')[0].trim(), marker.trim()]));
}

function lock(group, basePins) {
  const entries = new Map();
  const markers = markersOf(group);
  const pinsByLine = [];
  for (const [index, line] of PYTHON_LINES.entries()) {
    const constraints = join(workDir, `constraints-${index}.txt`);
    const fixed = basePins?.[index] ?? [];
    writeFileSync(constraints, fixed.map((pin) => `${pin.name}==${pin.version}\n`).join(''));
    const resolution = { python: line.resolveWith, platforms: PLATFORMS['Linux x86_64'] };
    const pins = report(resolution, ['-r', join(REQUIREMENTS, `${group}.in`), '-c', constraints])
      .filter((pin) => !NEVER[group].includes(pin.name) && !fixed.some((base) => base.name === pin.name))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    pinsByLine.push(pins);
    for (const [label, platforms] of Object.entries(PLATFORMS)) {
      for (const version of line.versions) {
        const wanted = pins.filter(
          (pin) => label.startsWith('Linux') || !(CUDA_PACKAGE.test(pin.name) || markers.has(pin.name)),
        );
        console.log(`${group}: ${label}, Python ${version}, ${wanted.length} packages`);
        for (const wheel of wheelsFor({ label, platforms, python: version }, wanted)) {
          const key = `${wheel.name}==${wheel.version}`;
          const entry = entries.get(key) ?? { name: wheel.name, hashes: new Set(), lines: new Set() };
          entry.hashes.add(wheel.sha256);
          entry.lines.add(index);
          entries.set(key, entry);
        }
      }
    }
  }
  const text = [...entries]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([spec, entry]) => {
      const conditions = [
        ...(entry.lines.size < PYTHON_LINES.length
          ? [...entry.lines].map((index) => PYTHON_LINES[index].marker)
          : []),
        ...(markers.has(entry.name)
          ? [markers.get(entry.name)]
          : CUDA_PACKAGE.test(entry.name)
            ? [LINUX_ONLY]
            : []),
      ];
      const marker = conditions.length > 0 ? ` ; ${conditions.join(' and ')}` : '';
      return [
        `${spec}${marker}`,
        ...[...entry.hashes].sort().map((hash) => `    --hash=sha256:${hash}`),
      ].join(' \\\n');
    });
  const header = `# Written by \`node scripts/lock-python.mjs\` from ${group}.in; do not edit.\n`;
  writeFileSync(join(REQUIREMENTS, `${group}.txt`), `${header}${text.join('\n')}\n`);
  return pinsByLine;
}

function readPins(group) {
  const lines = readFileSync(join(REQUIREMENTS, `${group}.txt`), 'utf8').split('\n');
  const pins = lines
    .filter((line) => /^[a-z0-9]/.test(line))
    .map((line) => ({
      name: line.split('==')[0],
      version: line.split('==')[1].split(' ')[0],
      marker: PYTHON_LINES.findIndex(({ marker }) => line.includes(marker)),
    }));
  return PYTHON_LINES.map((_, index) => pins.filter((pin) => pin.marker === -1 || pin.marker === index));
}

try {
  execFileSync('python3', ['-m', 'venv', join(workDir, 'venv')]);
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', PIP_PIN], { stdio: 'inherit' });
  const groups = process.argv.length > 2 ? process.argv.slice(2) : ['base', 'deep'];
  if (groups.includes('base')) lock('base', undefined);
  if (groups.includes('deep')) lock('deep', readPins('base'));
} finally {
  rmSync(workDir, { recursive: true, force: true });
}
