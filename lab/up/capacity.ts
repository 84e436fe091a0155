/** Whether a network of real clocks and switches fits into this machine. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Topology } from '../topologies/topology.js';

export interface Machine {
  readonly freeMebibytes: number;
  readonly processors: number;
  /** How many network namespaces may be made; null: nobody says. */
  readonly namespaces: number | null;
}

/** Measured: a switch and its agent, and a ptp4l with what holds its namespace. */
const SWITCH_MEBIBYTES = 190;
const CLOCK_MEBIBYTES = 6;
/** For the kernel, the lab and everybody else. */
const SPARE_MEBIBYTES = 256;
/** Beyond that, frames wait for a processor longer than for anything that is to be seen, and agents time out. */
const SWITCHES_A_PROCESSOR = 8;

function numberIn(file: string, pattern: RegExp): number | null {
  try {
    const found = pattern.exec(readFileSync(file, 'utf8'))?.[1];
    return found === undefined ? null : Number(found);
  } catch {
    return null;
  }
}

export function thisMachine(): Machine {
  const kibibytes = numberIn('/proc/meminfo', /^MemAvailable:\s+(\d+) kB$/m);
  return {
    freeMebibytes: kibibytes === null ? Number.POSITIVE_INFINITY : kibibytes / 1024,
    processors: availableParallelism(),
    namespaces: numberIn('/proc/sys/user/max_net_namespaces', /^(\d+)/),
  };
}

/** Why it does not fit; empty where it does. `slow`: it may be too slow, but not too large. */
export function tooLargeText(
  { name, nodes }: Topology,
  machine: Machine,
  { slow = false }: { readonly slow?: boolean } = {},
): string {
  const clocks = nodes.filter(({ role }) => role === 'grandmaster' || role === 'client').length;
  const switches = nodes.length - clocks;
  const mebibytes = SWITCH_MEBIBYTES * switches + CLOCK_MEBIBYTES * clocks + SPARE_MEBIBYTES;
  const what = `${name} is too large for this machine: ${switches} switches with agents and ${clocks} ptp4l`;
  if (mebibytes > machine.freeMebibytes) {
    return `${what} take some ${gibibytes(mebibytes)} of memory, and ${gibibytes(machine.freeMebibytes)} is free`;
  }
  const most = SWITCHES_A_PROCESSOR * machine.processors;
  if (switches > most && !slow) {
    return `${what} share ${machine.processors} processors, which serve ${most} switches at most (--force: all the same)`;
  }
  if (machine.namespaces !== null && nodes.length > machine.namespaces) {
    return `${what} need ${nodes.length} network namespaces, of which user.max_net_namespaces allows ${machine.namespaces}`;
  }
  return '';
}

const gibibytes = (mebibytes: number) => `${(mebibytes / 1024).toFixed(1)} GiB`;
