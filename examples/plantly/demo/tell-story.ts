import type { StackEvent } from '../../../src/embedded/service.ts';
import type { Reporter } from '../../story/reporter.ts';
import { runStory } from '../../story/story.ts';
import type { StoryReport } from '../../story/story.ts';
import { audit } from './chapters/audit.ts';
import { baseline } from './chapters/baseline.ts';
import { betterModel } from './chapters/better-model.ts';
import { opening } from './chapters/opening.ts';
import { pandemic } from './chapters/pandemic.ts';
import type { Setting, StoryOptions } from './setting.ts';
import { REPORT_FILE } from './shop.ts';
import type { PlantlyOptions } from './shop.ts';

export interface ToldStory {
  readonly report: StoryReport;
  readonly setting: Setting;
}

export interface Telling {
  readonly options: StoryOptions;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  readonly outerEnv: NodeJS.ProcessEnv;
  /** Adds to the environment of the product's processes, or puts something between them and a server. */
  readonly wire?: PlantlyOptions['wire'];
  /** The product's processes, where it runs from another build than this one. */
  readonly products?: PlantlyOptions['products'];
  readonly onEvent?: (event: StackEvent) => void;
  /** Called with each step as it begins; the chaos script learns from it what is going on. */
  readonly onStep?: (id: string, setting: Setting) => void;
  /** Goes on beside each step until `over`; the next begins when this has ended too. */
  readonly besideStep?: (id: string, setting: Setting, over: AbortSignal) => Promise<void>;
}

/** The whole story of plantly.shop, told on a stack of its own, which is left running: the caller stops it. */
export async function tellStory(telling: Telling): Promise<ToldStory> {
  const { options, reporter, signal, outerEnv } = telling;
  const setting: Setting = {
    options,
    note: (text) => reporter.note(text),
    plantly: null,
    cast: null,
    inbox: null,
    historyEnd: null,
    history: null,
    shoppers: null,
    baseline: 0,
    invasive: 0,
    ranker: 0,
    recovered: 0,
    pandemicAt: 0,
  };
  const onEvent = (event: StackEvent): void => {
    if (event.kind === 'exited' && !signal.aborted) reporter.note(`  ! ${event.name} ended; it starts again`);
    telling.onEvent?.(event);
  };
  const chapters = [
    ...opening(setting, {
      onEvent,
      signal,
      outerEnv,
      ...(telling.wire ? { wire: telling.wire } : {}),
      ...(telling.products ? { products: telling.products } : {}),
    }),
    ...baseline(setting),
    ...betterModel(setting),
    ...pandemic(setting),
    ...audit(setting),
  ];
  const steps = chapters.map((step) => ({
    ...step,
    run: async (tell: (detail: string) => void) => {
      telling.onStep?.(step.id, setting);
      const over = new AbortController();
      const beside = telling.besideStep?.(step.id, setting, over.signal);
      // Heard of below, once the step is over.
      beside?.catch(() => undefined);
      try {
        return await step.run(tell);
      } finally {
        over.abort();
        await beside;
      }
    },
  }));
  const report = await runStory('plantly.shop', steps, reporter, REPORT_FILE, signal);
  return { report, setting };
}
