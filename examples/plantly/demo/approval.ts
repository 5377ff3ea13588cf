import type { Person } from '../../story/person.ts';
import { untilApprovalOpen, untilStage } from '../../story/waits.ts';
import type { Setting } from './setting.ts';
import { need } from './setting.ts';
import { MODEL } from './shop.ts';

const PRODUCTION_TIMEOUT_MS = 420_000;
const PERSON_TIMEOUT_MS = 3_600_000;

/** Waits for the request and has it approved: by the scripted engineer, or by whoever sits at the terminal. */
export async function approve(
  setting: Setting,
  version: number,
  reason: string,
  tell: (detail: string) => void,
): Promise<Person> {
  const { mlEngineer } = need(setting.cast, 'cast');
  await untilApprovalOpen(mlEngineer, MODEL, version, PRODUCTION_TIMEOUT_MS, tell);
  if (!setting.options.interactive) {
    await mlEngineer.approve(MODEL, version, reason);
    return mlEngineer;
  }
  const env = `PERENNIAL_DATA_DIR=.perennial/demo`;
  setting.note(
    [
      '',
      `  Version ${version} waits for you:`,
      `    ${env} npx perennial card ${MODEL} ${version}`,
      `    ${env} npx perennial approve ${MODEL} ${version} --reason "…"`,
      '',
    ].join('\n'),
  );
  await untilStage(
    mlEngineer,
    MODEL,
    version,
    ['approved', 'shadow', 'canary', 'bake', 'champion'],
    PERSON_TIMEOUT_MS,
    tell,
  );
  return mlEngineer;
}
