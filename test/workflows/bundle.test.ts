import { beforeAll, describe, expect, it } from 'vitest';
import { bundledWorkflows } from './bundled-workflows.ts';

/** What a workflow may be made of; anything else can break determinism or costs memory per workflow. */
const ALLOWED = [
  /^workflows\//,
  /^src\/(domain|errors|stats)\//,
  /^src\/contracts\/(workflows\/|task-queues\.ts)/,
  /^node_modules\/(@temporalio\/(workflow|common|worker|proto|activity)|nexus-rpc|long|ms|seedrandom)\//,
];
const MAX_BUNDLE_BYTES = 3 * 2 ** 20;

describe('the workflow bundle', () => {
  let code = '';
  let sources: string[] = [];
  beforeAll(() => {
    ({ code } = bundledWorkflows());
    const inline = /sourceMappingURL=data:application\/json;(?:charset=utf-8;)?base64,([A-Za-z0-9+/=]+)/.exec(
      code,
    );
    const map = JSON.parse(Buffer.from(inline?.[1] ?? '', 'base64').toString('utf8')) as {
      sources: string[];
    };
    sources = map.sources
      .map((source) =>
        source.replace(/^webpack:\/\/[^/]*\//, '').replace(/^.*?\/(?=(workflows|src|node_modules)\/)/, ''),
      )
      .map((source) => source.replace(/^\.\//, '').split('?')[0] ?? '');
  });

  it('holds the workflows, the domain and Temporal, and nothing else', () => {
    const own = sources.filter((source) => /^(workflows|src)\//.test(source));
    expect(own).toContain('workflows/model-lifecycle.ts');
    expect(own).toContain('src/domain/lifecycle/triggers.ts');
    const foreign = sources.filter(
      (source) =>
        /^(workflows|src|activities|workers|node_modules)\//.test(source) &&
        !ALLOWED.some((pattern) => pattern.test(source)),
    );
    expect(foreign).toEqual([]);
  });

  it('holds no zod, no client and no Node, and stays small', () => {
    expect(sources.filter((source) => /zod|@temporalio\/client|node:|pg\/|aws-sdk/.test(source))).toEqual([]);
    expect(Buffer.byteLength(code)).toBeLessThan(MAX_BUNDLE_BYTES);
  });
});
