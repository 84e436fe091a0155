/** What the kernel counts on interfaces, whoever sends and receives there: /proc/net/dev. */
import { readFileSync } from 'node:fs';

/** In the order of the file's columns. */
export const INTERFACE_STATISTICS = [
  'rxOctets',
  'rxFrames',
  'rxErrors',
  'rxDropped',
  'rxFifoErrors',
  'rxFramingErrors',
  'rxCompressed',
  'rxMulticast',
  'txOctets',
  'txFrames',
  'txErrors',
  'txDropped',
  'txFifoErrors',
  'txCollisions',
  'txCarrierErrors',
  'txCompressed',
] as const;

export type InterfaceStatistics = Readonly<Record<(typeof INTERFACE_STATISTICS)[number], number>>;

/** By name, of all interfaces that the text of /proc/net/dev tells of. */
export function parseInterfaceStatistics(text: string): Map<string, InterfaceStatistics> {
  const found = new Map<string, InterfaceStatistics>();
  for (const line of text.split('\n')) {
    // A name may have a colon in it, and a counter may follow it without a space.
    const [, name = '', values = ''] = /^\s*(\S+):\s*((?:\d+\s*){16})$/.exec(line) ?? [];
    if (name === '') continue;
    const numbers = values.trim().split(/\s+/).map(Number);
    const entries = INTERFACE_STATISTICS.map((key, i) => [key, numbers[i] ?? 0] as const);
    found.set(name, Object.fromEntries(entries) as unknown as InterfaceStatistics);
  }
  return found;
}

/** Of the network namespace that the process is in; empty where there is no such file. */
export function readInterfaceStatistics(): Map<string, InterfaceStatistics> {
  try {
    return parseInterfaceStatistics(readFileSync('/proc/self/net/dev', 'utf8'));
  } catch {
    return new Map();
  }
}
