import pc from 'picocolors';
import type { ModelStatus } from '../contracts/api/answers.ts';
import { describeWait } from '../domain/production/new-examples.ts';

/** The version being produced: its step, or what it waits for and what would end that. No lines where there is none. */
export function renderProduction({ live, model }: Pick<ModelStatus, 'live' | 'model'>): string[] {
  if (!live?.lifecycle?.production) return [];
  const { version, trigger } = live.lifecycle.production;
  const { step, detail, newExamples } = live.production ?? { step: 'starting', detail: '' };
  if (step === 'wait')
    return [
      `version ${version} ${detail}; it is made because ${trigger.reason}`,
      pc.dim(`  to go on with what there is: perennial trigger ${model} --reason "…"`),
    ];
  const known = newExamples ? `, with ${describeWait(newExamples)}` : '';
  return [
    `producing version ${version} (${step}${detail ? `, ${detail}` : ''}${known}), because ${trigger.reason}`,
  ];
}
