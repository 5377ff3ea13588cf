import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { ModelSpecInput } from '../../../src/contracts/spec/model-spec.ts';
import type { PerennialError, Problem } from '../../../src/errors/define-error.ts';
import { loadSpec, parseSpec } from '../../../src/spec/load-spec.ts';

const minimal: ModelSpecInput = {
  apiVersion: 'perennial/v1',
  name: 'churn',
  description: 'Who leaves next month.',
  owner: { team: 'growth' },
  sources: {
    accounts: { type: 'postgres', connection: 'CRM_URL', table: 'accounts', watermark: 'updated_at' },
  },
  features: {
    views: {
      account: {
        description: 'Facts of the account.',
        keys: ['account_id'],
        query: { sql: 'SELECT account_id, updated_at AS event_time, seats FROM accounts' },
        columns: { seats: 'Paid seats.' },
      },
    },
  },
  training: {
    spine: { query: { sql: 'SELECT 1' }, id: 'id', label: 'left', keys: ['account_id'] },
    features: ['account.seats'],
    trainer: { command: ['python', 'train.py'] },
  },
  evaluation: { task: 'binary' },
};

type Json = Record<string, unknown>;

/** The smallest spec with another value at a dotted path; `undefined` takes the key away. */
function minimalWith(path: string, value: unknown): Json {
  const spec = structuredClone(minimal) as unknown as Json;
  const keys = path.split('.');
  const last = keys.pop()!;
  const parent = keys.reduce((node, key) => node[key] as Json, spec);
  parent[last] = value;
  return spec;
}

describe('loadSpec', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perennial-spec-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function problemsOf(text: string): Promise<PerennialError> {
    const file = join(folder, 'perennial.yaml');
    await writeFile(file, text);
    return loadSpec(file).then(
      () => expect.fail('the spec was accepted'),
      (error: PerennialError) => error,
    );
  }

  it('writes out every default, durations in milliseconds', () => {
    const spec = parseSpec(minimal);
    expect(spec.rollout.weights).toEqual([1, 5, 25, 50, 100]);
    expect(spec.approval).toMatchObject({ roles: ['ml-engineer'], quorum: 1, timeout: 72 * 3_600_000 });
    expect(spec.monitoring.breaches).toEqual({ k: 2, n: 5 });
    expect(spec.retraining.newExamples).toBeUndefined();
  });

  it('takes a parsed spec as a spec again, unchanged', () => {
    const once = parseSpec(minimal);
    expect(parseSpec(JSON.parse(JSON.stringify(once)))).toEqual(once);
  });

  it('loads a spec written in TypeScript', async () => {
    const file = join(folder, 'model.ts');
    await writeFile(
      file,
      `import { defineModel } from 'perennial';\nexport const model = defineModel(${JSON.stringify(minimal)});\n`,
    );
    expect((await loadSpec(file)).spec.name).toBe('churn');
  });

  it('puts the text of SQL files in place', async () => {
    await writeFile(join(folder, 'account.sql'), 'SELECT 42');
    const file = join(folder, 'with-file.yaml');
    await writeFile(file, stringify(minimalWith('features.views.account.query', { file: 'account.sql' })));
    expect((await loadSpec(file)).spec.features.views['account']?.query).toEqual({ sql: 'SELECT 42' });
  });

  it.each<[string, string, unknown, string, RegExp]>([
    ['an unknown key', 'aproval', {}, 'aproval', /did you mean "approval"/],
    [
      'an unknown kind',
      'sources.accounts.type',
      'postgress',
      'sources.accounts.type',
      /did you mean "postgres"/,
    ],
    ['a missing key', 'owner', undefined, 'owner', /missing/],
    ['a bad duration', 'training.window', '5 weeks', 'training.window', /"5 weeks".*500ms, 30s/],
    [
      'an approval by a role that may not decide',
      'approval',
      { roles: ['ml-engineer', 'data-scientist'] },
      'approval.roles[1]',
      /"data-scientist" may not decide on versions; ml-engineer, compliance, admin may/,
    ],
    [
      'an hour that no day has',
      'retraining',
      { schedule: { cron: '0 25 * * *' } },
      'retraining.schedule.cron',
      /"25" is no hour/,
    ],
    [
      'a time zone in lower case',
      'retraining',
      { schedule: { cron: '0 3 * * *', timezone: 'europe/berlin' } },
      'retraining.schedule.timezone',
      /did you mean "Europe\/Berlin"/,
    ],
    [
      'a retraining at each moment',
      'retraining',
      { schedule: { every: 0 } },
      'retraining.schedule.every',
      /once a second/,
    ],
    ['a watch at each moment', 'monitoring', { every: '0s' }, 'monitoring.every', /once a second/],
    [
      'features that are always new',
      'features.refresh',
      { every: '10ms' },
      'features.refresh.every',
      /once a second/,
    ],
    ['a bad name', 'name', 'Churn!', 'name', /lower-case/],
    [
      'an undeclared view',
      'training.features',
      ['acount.seats'],
      'training.features[0]',
      /did you mean "account"/,
    ],
    [
      'an undeclared column',
      'training.features',
      ['account.seat'],
      'training.features[0]',
      /did you mean "seats"/,
    ],
    [
      'an undeclared view whose name every object has',
      'training.features',
      ['constructor.seats'],
      'training.features[0]',
      /view "constructor" is not declared/,
    ],
    [
      'an undeclared column whose name every object has',
      'training.features',
      ['account.toString'],
      'training.features[0]',
      /column of account "toString" is not declared/,
    ],
    [
      'a monitor of a feature that the model does not have',
      'monitoring',
      { monitors: [{ type: 'feature-drift', name: 'drift', features: ['account.seats', 'account.seat'] }] },
      'monitoring.monitors[0].features[1]',
      /feature of training "account\.seat" is not declared; did you mean "account\.seats"\?/,
    ],
    [
      'a monitor of candidates without ranking',
      'monitoring',
      { monitors: [{ type: 'concentration', name: 'one-for-all', by: 'plan', maxTopShare: 0.5 }] },
      'monitoring.monitors[0].by',
      /key of serving\.rank\.candidate "plan" is not declared/,
    ],
    ['weights that shrink', 'rollout', { weights: [50, 5, 100] }, 'rollout.weights[1]', /must grow/],
    ['weights without an end', 'rollout', { weights: [5, 50] }, 'rollout.weights', /must be 100, found 50/],
    [
      'a gate without thresholds',
      'gates',
      [{ type: 'metric', name: 'auc', metric: 'auc' }],
      'gates[0]',
      /no threshold/,
    ],
    [
      'a gate on an unknown metric',
      'gates',
      [{ type: 'metric', name: 'good', metric: 'acu', min: 0.7 }],
      'gates[0].metric',
      /no metric of a binary evaluation is called "acu"; did you mean "auc"\?/,
    ],
    [
      'a gate on a metric of rankings without groups',
      'gates',
      [{ type: 'metric', name: 'good', metric: 'ndcg', min: 0.7 }],
      'gates[0].metric',
      /no metric of a binary evaluation is called "ndcg"(; did you mean "\w+"\?|\.) There are accuracy, auc, /,
    ],
    [
      'a misspelt wait',
      'retraining',
      { newExample: { min: 1, maxWait: '1h' } },
      'retraining.newExample',
      /did you mean "newExamples"/,
    ],
    [
      'a wait for nothing',
      'retraining',
      { newExamples: { min: 0, maxWait: '1h' } },
      'retraining.newExamples.min',
      /found 0.*>=1/,
    ],
    [
      'a wait without an end',
      'retraining',
      { newExamples: { min: 3 } },
      'retraining.newExamples.maxWait',
      /missing/,
    ],
    [
      'a missing SQL file',
      'training.spine.query',
      { file: 'no.sql' },
      'training.spine.query.file',
      /no file "no.sql"/,
    ],
    ['k above n', 'monitoring', { breaches: { k: 6, n: 5 } }, 'monitoring.breaches.k', /cannot be more/],
    [
      'a secret in place of its name',
      'sources.accounts.connection',
      'postgres://a:b@c/d',
      'sources.accounts.connection',
      /NAME/,
    ],
  ])('names the path and the mend of %s', async (_, changed, value, path, message) => {
    const error = await problemsOf(stringify(minimalWith(changed, value)));
    const problem = error.problems.find((p) => p.path === path);
    expect(problem?.message).toMatch(message);
    expect(problem?.line).toBeGreaterThan(0);
  });

  it('lets a rollout compare a boolean outcome, and no number', () => {
    const compare = (type: 'boolean' | 'number') =>
      parseSpec({
        ...minimal,
        serving: { outcomes: { spent: { description: 'Of this visit', type } } },
        rollout: { analysis: [{ metric: 'outcome', outcome: 'spent' }] },
      });
    expect(compare('boolean').rollout.analysis).toHaveLength(1);
    const message = expect.stringMatching(/^"spent" is a number, .* a boolean outcome/) as string;
    const problems = [expect.objectContaining({ path: 'rollout.analysis[0].outcome', message }) as object];
    expect(() => compare('number')).toThrow(expect.objectContaining({ problems }));
  });

  it('lets nothing wait for an outcome that comes when the waiting is over', () => {
    const spec = (delay: string, rollout: object = {}) => ({
      ...minimal,
      serving: { outcomes: { kept: { description: 'After a week', type: 'boolean', delay } } },
      rollout: { analysis: [{ metric: 'outcome', outcome: 'kept' }], ...rollout },
      monitoring: { monitors: [{ type: 'kpi', name: 'keeping', outcome: 'kept', minRatio: 0.8 }] },
    });
    expect(problemsIn(spec('23h'))).toEqual([]);
    expect(problemsIn(spec('7d'))).toEqual([
      expect.objectContaining({
        path: 'rollout.analysis[0].outcome',
        message: expect.stringMatching(
          /"kept" may come 7 d after its request, .*maxDuration is 24 h/,
        ) as string,
      }),
      expect.objectContaining({
        path: 'monitoring.monitors[0].outcome',
        message: expect.stringMatching(/rollout\.bake\.duration is 24 h.*what the bake measured/) as string,
      }),
    ]);
    const patient = { step: { maxDuration: '10d' }, bake: { duration: '8d' } };
    expect(problemsIn(spec('7d', patient))).toEqual([]);
  });

  const problemsIn = (spec: unknown): Problem[] => {
    try {
      parseSpec(spec);
      return [];
    } catch (error) {
      return [...(error as PerennialError).problems];
    }
  };
  /** Each section that an environment may replace, with whatever cross-references can be wrong in it. */
  const wrong = {
    gates: [
      { type: 'metric', name: 'good', metric: 'acu', min: 0.7 },
      { type: 'efficiency', name: 'good' },
    ],
    rollout: {
      weights: [50, 5],
      analysis: [
        { metric: 'outcome', outcome: 'spent' },
        { metric: 'outcome', outcome: 'bougt' },
      ],
    },
    monitoring: {
      breaches: { k: 6, n: 5 },
      monitors: [
        { type: 'freshness', name: 'fresh', source: 'acounts', maxAge: '1h' },
        { type: 'kpi', name: 'fresh', outcome: 'bougt', minRatio: 0.5 },
      ],
    },
  };
  const wrongPaths = [
    'rollout.analysis[0].outcome',
    'rollout.analysis[1].outcome',
    'monitoring.monitors[0].source',
    'monitoring.monitors[1].name',
    'monitoring.monitors[1].outcome',
    'monitoring.breaches.k',
    'gates[0].metric',
    'gates[1].name',
    'gates[1]',
    'rollout.weights[1]',
    'rollout.weights',
  ];
  const selling = {
    ...minimal,
    serving: {
      outcomes: {
        bought: { description: 'Bought', type: 'boolean' },
        spent: { description: 'Of this visit', type: 'number' },
      },
    },
  };

  it('checks what an environment puts in place of a section as it checks the section', () => {
    const general = problemsIn({ ...selling, ...wrong });
    expect(general.map(({ path }) => path)).toEqual(wrongPaths);
    const replaced = problemsIn({ ...selling, environments: { staging: {}, prod: wrong } });
    expect(replaced).toEqual(
      general.map((problem) => ({ ...problem, path: `environments.prod.${problem.path}` })),
    );
  });

  it('says once what is wrong in a section that environments leave as it is', () => {
    const { rollout, ...others } = wrong;
    const paths = problemsIn({
      ...selling,
      rollout,
      environments: { staging: { approval: null, rollout: undefined }, prod: others, test: { rollout: {} } },
    }).map(({ path }) => path);
    expect([...paths].sort()).toEqual(
      wrongPaths.map((path) => (path.startsWith('rollout') ? path : `environments.prod.${path}`)).sort(),
    );
  });

  it('shows the line of what is wrong in an environment', async () => {
    const text = stringify({ ...selling, environments: { prod: { rollout: wrong.rollout } } });
    const { problems } = await problemsOf(text);
    expect(problems[0]).toMatchObject({
      path: 'environments.prod.rollout.analysis[0].outcome',
      line: text.split('\n').findIndex((line) => line.endsWith('outcome: spent')) + 1,
    });
  });

  it('names the line of a YAML error', async () => {
    const error = await problemsOf('apiVersion: perennial/v1\nname: [unclosed\n');
    expect(error.code).toBe('SPEC_UNREADABLE');
    expect(error.problems[0]?.line).toBeGreaterThanOrEqual(2);
  });

  it.each([
    ['missing.yaml', /no such file/],
    ['spec.toml', /a spec is a/],
  ])('refuses %s', async (name, message) => {
    if (name === 'spec.toml') await writeFile(join(folder, name), '');
    await expect(loadSpec(join(folder, name))).rejects.toThrow(message);
  });
});
