import { describe, expect, it } from 'vitest';
import { trainerEnvironment } from '../../../src/training/trainer-environment.ts';

const input = {
  worker: { PATH: '/bin', LANG: 'C', DATABASE_URL: 'postgres://secret', HF_TOKEN: 'abc' },
  allowed: [] as string[],
  home: '/run/home',
  temporaryDirectory: '/run/tmp',
  inputFile: '/run/input.json',
  cpus: 1.5,
  gpus: [] as string[],
  seed: 7,
};

describe('the environment of a trainer', () => {
  it('holds nothing of the worker but PATH and LANG', () => {
    const environment = trainerEnvironment(input);
    expect(environment).toMatchObject({ PATH: '/bin', HOME: '/run/home', OMP_NUM_THREADS: '2' });
    expect(JSON.stringify(environment)).not.toMatch(/secret|abc/);
  });

  it('hides every GPU unless some were given', () => {
    expect(trainerEnvironment(input)['CUDA_VISIBLE_DEVICES']).toBe('');
    expect(trainerEnvironment({ ...input, gpus: ['0', '2'] })['CUDA_VISIBLE_DEVICES']).toBe('0,2');
  });

  it('lets through what the spec allows, and says what is missing', () => {
    expect(trainerEnvironment({ ...input, allowed: ['HF_TOKEN'] })['HF_TOKEN']).toBe('abc');
    expect(() => trainerEnvironment({ ...input, allowed: ['WANDB_KEY'] })).toThrow(/WANDB_KEY/);
  });

  it.each(['PERENNIAL_INPUT', 'PERENNIAL_LINK_SECRET', 'DATABASE_URL', 'S3_SECRET_ACCESS_KEY', 'SMTP_URL'])(
    'refuses %s, which the service itself runs on, even from a spec that was applied long ago',
    (name) => {
      const worker = { ...input.worker, [name]: 'canary' };
      expect(() => trainerEnvironment({ ...input, worker, allowed: [name] })).toThrow(
        expect.objectContaining({
          code: 'TRAINER_COMMAND_INVALID',
          message: expect.stringContaining(name) as unknown,
        }),
      );
    },
  );

  it('holds what the contract says, whatever the worker has under those names', () => {
    const worker = { ...input.worker, HOME: '/root', TMPDIR: '/var/tmp', PERENNIAL_INPUT: '/etc/passwd' };
    expect(trainerEnvironment({ ...input, worker })).toMatchObject({
      HOME: '/run/home',
      TMPDIR: '/run/tmp',
      PERENNIAL_INPUT: '/run/input.json',
    });
  });
});
