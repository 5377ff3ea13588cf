// The Python environment .venv: Temporal, the S3 server and the trainers' packages, hash-checked.
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { checkSpace, isOlder, read, readStamp, ROOT, run, SetupFailure } from './setup-step.mjs';

const VENV = join(ROOT, '.venv');
const VENV_PYTHON = join(VENV, 'bin', 'python');
const VENV_STAMP = join(VENV, '.perennial-stamp.json');
const OLDEST_PYTHON = [3, 10];

const sha256 = (...parts) => createHash('sha256').update(parts.join('\0')).digest('hex');

function findPython() {
  const names = [
    process.env.PYTHON,
    'python3',
    ...['3.14', '3.13', '3.12', '3.11', '3.10'].map((v) => `python${v}`),
  ];
  const seen = [];
  for (const name of names.filter(Boolean)) {
    try {
      const probe = 'import sys; print(sys.version_info[0], sys.version_info[1], sys.executable)';
      const [major, minor, ...path] = execFileSync(name, ['-c', probe], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
        .trim()
        .split(' ');
      seen.push(`${name} is ${major}.${minor}`);
      if (!isOlder([Number(major), Number(minor)], OLDEST_PYTHON)) {
        return { path: path.join(' '), version: `${major}.${minor}` };
      }
    } catch {
      // Not there, or not a Python: the next name is tried.
    }
  }
  const found = seen.length > 0 ? `too old (${seen.join(', ')})` : 'not found';
  throw new SetupFailure(
    `Python ${found}: Perennial needs Python >= ${OLDEST_PYTHON.join('.')} with venv (Debian/Ubuntu: apt install python3 python3-venv; macOS: brew install python), or PYTHON=/path/to/python3.`,
  );
}

async function makeVenv(python) {
  try {
    execFileSync(python.path, ['-c', 'import venv, ensurepip'], { stdio: 'ignore' });
  } catch {
    throw new SetupFailure(
      `Python ${python.version} at ${python.path} has no venv module. Install it (Debian/Ubuntu: apt install python3-venv; Fedora: dnf install python3-pip) and run this again.`,
    );
  }
  fs.rmSync(VENV, { recursive: true, force: true });
  await run('venv', python.path, ['-m', 'venv', VENV]);
}

function venvRuns(version) {
  try {
    const probe = 'import sys, pip; print("%d.%d" % sys.version_info[:2])';
    return (
      execFileSync(VENV_PYTHON, ['-c', probe], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim() === version
    );
  } catch {
    return false;
  }
}

async function pipInstall(group) {
  const env = {
    ...process.env,
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_ROOT_USER_ACTION: 'ignore',
    PIP_NO_INPUT: '1',
  };
  for (const name of [
    'PIP_USER',
    'PIP_TARGET',
    'PIP_PREFIX',
    'PIP_REQUIRE_VIRTUALENV',
    'PYTHONHOME',
    'PYTHONPATH',
  ])
    delete env[name];
  const strict = ['--no-deps', '--require-hashes', '--only-binary=:all:'];
  await run(
    'pip',
    VENV_PYTHON,
    ['-m', 'pip', 'install', ...strict, '-r', join('requirements', `${group}.txt`)],
    { env },
  );
}

function checkTrainers() {
  try {
    execFileSync(
      VENV_PYTHON,
      ['-c', 'import numpy, scipy, sklearn, xgboost, onnx, onnxmltools, skl2onnx, pyarrow'],
      {
        stdio: 'pipe',
      },
    );
  } catch (error) {
    const lines = String(error.stderr).trim().split('\n');
    const mend = /libomp/.test(String(error.stderr))
      ? 'Install OpenMP (brew install libomp)'
      : 'Remove .venv';
    throw new SetupFailure(`The Python packages do not load: ${lines.at(-1)}. ${mend} and run this again.`);
  }
}

/** Makes .venv fit requirements/*.txt; the stamp in it is written last. */
export async function ensurePython(say, deep) {
  const present = readStamp(VENV_STAMP);
  const base = sha256(read('requirements/base.txt'));
  const deepHash = deep || present.deep ? sha256(read('requirements/deep.txt')) : null;
  if (present.base === base && present.deep === deepHash && venvRuns(present.python)) return;
  const python = findPython();
  checkSpace(deepHash ? 'deep' : 'venv');
  fs.rmSync(VENV_STAMP, { force: true });
  if (!venvRuns(python.version)) await makeVenv(python);
  say('Installing the Python environment (about 40 s) ...');
  await pipInstall('base');
  checkTrainers();
  if (deepHash) {
    say('Installing PyTorch (several minutes) ...');
    await pipInstall('deep');
  }
  fs.writeFileSync(VENV_STAMP, JSON.stringify({ base, deep: deepHash, python: python.version }));
}
