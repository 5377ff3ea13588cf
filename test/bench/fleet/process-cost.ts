import { readdirSync, readFileSync } from 'node:fs';

/** Of Linux, for every architecture: /proc counts processor time in hundredths of a second. */
const TICK_MS = 10;
const KIB = 1024;

export interface ProcessCost {
  readonly rssBytes: number;
  /** Since the process started, user and system. */
  readonly cpuMs: number;
}

/** What a process and its children (PostgreSQL's connections) hold and have used. A kernel other than Linux throws. */
export function costOf(pid: number): ProcessCost {
  const family = [pid, ...childrenOf(pid)];
  return family
    .map(ownCost)
    .reduce((a, b) => ({ rssBytes: a.rssBytes + b.rssBytes, cpuMs: a.cpuMs + b.cpuMs }));
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => statOf(candidate)?.[1] === String(pid));
}

function ownCost(pid: number): ProcessCost {
  const stat = statOf(pid);
  if (stat === null) return { rssBytes: 0, cpuMs: 0 };
  const rss = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
  // Its own time, and that of children which have ended: PostgreSQL's connections come and go.
  const ticks = stat.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { rssBytes: Number(rss ?? 0) * KIB, cpuMs: ticks * TICK_MS };
}

/** The fields after the name, from the state on; null when the process has ended meanwhile. */
function statOf(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
