/**
 * Vitest's globalSetup of the projects whose tests run workflows: bundles them once for all files of a run.
 * Tests take the bundle by `bundledWorkflows()`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { WorkflowBundle } from '@temporalio/worker';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    workflowBundleFile: string;
  }
}

export async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-bundle-'));
  const file = join(folder, 'workflows.js');
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  writeFileSync(file, code);
  project.provide('workflowBundleFile', file);
  return () => rmSync(folder, { recursive: true, force: true });
}

export function bundledWorkflows(): WorkflowBundle {
  return { code: readFileSync(inject('workflowBundleFile'), 'utf8') };
}
