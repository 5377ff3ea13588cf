/** Imports point one way: see docs/architecture.md. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: allowed, dependencyTypesNot: ['type-only'] },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    only(
      'workflows-are-deterministic',
      '^workflows/',
      [
        '^workflows/',
        '^src/domain/',
        '^src/errors/',
        '^src/contracts/workflows/',
        '^src/contracts/task-queues',
        '^src/stats/',
        '@temporalio/(workflow|common)',
      ],
      'Workflows may import the domain, coded errors and message definitions; everything else only as types.',
    ),
    only(
      'domain-is-pure',
      '^src/domain/',
      ['^src/domain/', '^src/errors/', '^src/stats/'],
      'Decisions do no I/O and know no framework.',
    ),
    only('stats-are-pure', '^src/stats/', ['^src/stats/'], 'Statistics depend on nothing.'),
    only('errors-are-leaves', '^src/errors/', ['^src/errors/'], 'Errors depend on nothing.'),
    {
      name: 'adapters-know-no-composition-root',
      comment: 'Only composition roots (workers, api, cli, embedded) put parts together.',
      severity: 'error',
      from: {
        path: '^src/(contracts|data|artifacts|registry|training|serving|notifications|evaluation|monitoring|platform)/',
        pathNot: '/main\\.ts$',
      },
      to: { path: '^(workers|activities|workflows)/|^src/(api|cli|embedded)/' },
    },
    {
      name: 'activities-do-not-start-processes-of-the-product',
      severity: 'error',
      from: { path: '^activities/' },
      to: { path: '^(workers|workflows)/|^src/(api|cli|embedded)/' },
    },
    {
      name: 'product-knows-no-example',
      severity: 'error',
      from: { path: '^(src|workflows|activities|workers)/' },
      to: { path: '^(examples|test|scripts)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules|\\.venv)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
