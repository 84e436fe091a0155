/** What a process costs: processor time and memory, as /proc tells. */
import { readFileSync, readdirSync } from 'node:fs';

/** Nanoseconds that all living threads have run; 0 where the kernel does not tell. */
export function processorTimeNs(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // The thread has ended since.
    }
  }
  return total;
}

/** Resident memory in octets: VmRSS of proc(5); null where the process is gone. */
export function residentOctets(pid: number): number | null {
  try {
    return parseResident(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return null;
  }
}

export function parseResident(status: string): number | null {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  return found === null ? null : Number(found[1]) * 1024;
}

export interface MemoryTrace {
  readonly beforeOctets: number;
  readonly maxOctets: number;
  readonly afterOctets: number;
  readonly samples: number;
}

/** Watches a process's memory until it is told to stop. */
export function watchMemory(pid: number, intervalMs: number): () => MemoryTrace {
  const seen: number[] = [];
  const look = () => {
    const octets = residentOctets(pid);
    if (octets !== null) seen.push(octets);
  };
  look();
  const timer = setInterval(look, intervalMs);
  // Whoever breaks off need not say so.
  timer.unref();
  return () => {
    clearInterval(timer);
    look();
    return {
      beforeOctets: seen[0] ?? 0,
      maxOctets: Math.max(0, ...seen),
      afterOctets: seen.at(-1) ?? 0,
      samples: seen.length,
    };
  };
}
