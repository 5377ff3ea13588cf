import { defineSearchAttributeKey } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { ModelRef } from '../src/contracts/workflows/ids.ts';

const MODEL = defineSearchAttributeKey('PerennialModel', 'KEYWORD');
const ENVIRONMENT = defineSearchAttributeKey('PerennialEnvironment', 'KEYWORD');
const STAGE = defineSearchAttributeKey('PerennialStage', 'KEYWORD');

/** Keeps Temporal's own UI readable: what the workflow is about, where it stands, and one text for people. */
export function createStatus(ref: ModelRef): (stage: string, details: string) => void {
  let shown: string | null = null;
  return (stage, details) => {
    setCurrentDetails(details);
    if (stage === shown) return;
    shown = stage;
    upsertSearchAttributes([
      { key: MODEL, value: ref.model },
      { key: ENVIRONMENT, value: ref.environment },
      { key: STAGE, value: stage },
    ]);
  };
}
