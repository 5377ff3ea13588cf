import type { FaultReport } from '../inject-faults.ts';
import type { Recovery, Restarts } from '../recovery.ts';
import type { Count } from './aftermath.ts';

/** A run in which nothing was hit proves nothing. `failure`: why no more faults could be carried out; null when all were. */
export function countFaults(faults: readonly FaultReport[], failure: string | null): Count {
  const hits = faults.filter(({ hit }) => hit).length;
  return {
    promise: 'faults: at least one hit, and all were carried out',
    ok: hits > 0 && failure === null,
    seen: `${hits} of ${faults.length} hit${failure === null ? '' : `, then ${failure}`}`,
  };
}

/** All processes came back once the faults were over, and none started again between two looks: that is one that crashes on. */
export function countProcesses(recovery: Recovery, first: Restarts, second: Restarts): Count {
  const away = recovery.kind === 'away' ? recovery.names : [];
  const again = [...second].filter(([name, restarts]) => restarts !== first.get(name)).map(([name]) => name);
  const told = (names: readonly string[], what: string): string =>
    `${names.length} ${what}${names.map((name) => ` ${name}`).join('')}`;
  return {
    promise: 'processes: all are back, and stay',
    ok: second.size > 0 && away.length + again.length === 0,
    seen: `${second.size} processes, ${told(away, 'away')}, ${told(again, 'started again')}`,
  };
}
