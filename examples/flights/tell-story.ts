import type { StackEvent } from '../../src/embedded/service.ts';
import type { Reporter } from '../story/reporter.ts';
import { runStory } from '../story/story.ts';
import type { StoryReport } from '../story/story.ts';
import { closing } from './chapters/closing.ts';
import { fewerDelays } from './chapters/fewer-delays.ts';
import { firstVersion } from './chapters/first-version.ts';
import { protocol } from './chapters/protocol.ts';
import { REPORT_FILE } from './flights-stack.ts';
import type { Setting } from './setting.ts';

/** The whole story of the flights, told on a stack of its own, which is left running: the caller stops it. */
export async function tellStory(telling: {
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  readonly outerEnv: NodeJS.ProcessEnv;
}): Promise<{ readonly report: StoryReport; readonly setting: Setting }> {
  const { reporter, signal, outerEnv } = telling;
  const setting: Setting = { scene: null, first: 0, retrained: 0 };
  const onEvent = (event: StackEvent): void => {
    if (event.kind === 'exited' && !signal.aborted) reporter.note(`  ! ${event.name} ended; it starts again`);
  };
  const steps = [
    ...firstVersion(setting, { onEvent, signal, outerEnv }),
    ...protocol(setting),
    ...fewerDelays(setting),
    ...closing(setting),
  ];
  return { report: await runStory('flights', steps, reporter, REPORT_FILE, signal), setting };
}
