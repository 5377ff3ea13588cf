import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';

const TEMPORAL = fileURLToPath(new URL('../../.venv/bin/temporal', import.meta.url));

/** A Temporal server that suggests to carry on under a new history after so few events. */
export function openRealServer(suggestAtEvents: number): Promise<TestWorkflowEnvironment> {
  const attributes = ['PerennialModel', 'PerennialEnvironment', 'PerennialStage'];
  const limits = {
    'limit.historyCount.suggestContinueAsNew': suggestAtEvents,
    'history.transferProcessorMaxPollRPS': 5000,
    'history.timerProcessorMaxPollRPS': 5000,
  };
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: TEMPORAL },
      extraArgs: [
        ...attributes.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
        ...Object.entries(limits).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
      ],
    },
  });
}
