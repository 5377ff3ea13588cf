import tseslint from 'typescript-eslint';

const NODE_IN_WORKFLOWS = 'Workflow code is deterministic: no Node, no SDK client, no zod, no activities.';

export default tseslint.config(
  { ignores: ['dist', 'node_modules', '.venv', '.perennial', 'coverage'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      'no-console': 'error',
    },
  },
  {
    // Programs that talk to a person on a terminal, and tests.
    files: ['src/cli/**', 'scripts/**', 'examples/**', 'test/**', 'src/embedded/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // Loops over typed arrays hold their own bounds; a branch per element would cost speed and say nothing.
    files: ['src/stats/**', 'src/data/drift/**', 'src/evaluation/{predictions,canary}/**'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    // Reference files are other tools' JSON of many shapes; the comparison itself checks each value.
    files: ['test/unit/stats/*-reference.test.ts', 'test/integration/cli/drift.test.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['workflows/**', 'src/domain/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['node:*', '@temporalio/client', '@temporalio/worker', '@temporalio/activity', 'zod'],
              message: NODE_IN_WORKFLOWS,
            },
          ],
        },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'In src/domain pass `now` as an argument.' },
      ],
    },
  },
  { files: ['workflows/**'], rules: { 'no-restricted-properties': 'off' } },
);
