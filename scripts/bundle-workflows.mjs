// Bundles the compiled workflows once, at build time: workers start from the bundle.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { code } = await bundleWorkflowCode({
  workflowsPath: join(root, 'dist/workflows/index.js'),
  logger: new DefaultLogger('WARN'),
});
writeFileSync(join(root, 'dist/workflow-bundle.js'), code);
