import type { Stack } from '../../src/embedded/stack.ts';
import type { Inbox } from '../story/inbox.ts';
import type { Person } from '../story/person.ts';
import type { Replay } from './simulator/replay-flights.ts';

/** Who and what stands once the stack runs. The people are scripted, and act only through the public API. */
export interface Scene {
  readonly stack: Stack;
  readonly gatewayUrl: string;
  readonly inbox: Inbox;
  readonly replay: Replay;
  readonly dataScientist: Person;
  readonly mlEngineer: Person;
  readonly onCall: Person;
  readonly auditor: Person;
}

/** What the steps share, filled as the story goes on. */
export interface Setting {
  scene: Scene | null;
  /** Version numbers by their part in the story. */
  first: number;
  retrained: number;
}

export function sceneOf(setting: Setting): Scene {
  if (setting.scene === null) throw new Error('the stack does not stand yet');
  return setting.scene;
}
