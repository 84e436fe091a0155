/**
 * Timers of an instance by their names, as they go out with `setTimer` and come back with `timer`:
 * `3/announceReceipt` is port 3's, `instance/decision` the instance's own. What follows a second
 * slash tells one of many apart (a unicast client).
 */
export const PORT_TIMERS = [
  'announceReceipt',
  'syncReceipt',
  'qualification',
  'announce',
  'sync',
  'delayReq',
  'unicast',
] as const;
export type PortTimer = (typeof PORT_TIMERS)[number];

export const INSTANCE_TIMERS = ['decision', 'clock'] as const;
export type InstanceTimer = (typeof INSTANCE_TIMERS)[number];

export type TimerName =
  | { readonly of: 'port'; readonly port: number; readonly timer: PortTimer; readonly key: string }
  | { readonly of: 'instance'; readonly timer: InstanceTimer };

/** Names without a key are few, and each is asked for many times a second: of so many ports as any
 * switch has, seven timers each. */
const MOST_PORTS = 512;
const NAMES = new Map<PortTimer, string[]>(PORT_TIMERS.map((timer) => [timer, []]));
const PARSED = new Map<string, TimerName>();
const MOST_PARSED = MOST_PORTS * (PORT_TIMERS.length + 1);

export function portTimerName(port: number, timer: PortTimer, key = ''): string {
  if (key !== '') return `${port}/${timer}/${key}`;
  if (port >= MOST_PORTS) return `${port}/${timer}`;
  const names = NAMES.get(timer) ?? [];
  return (names[port] ??= `${port}/${timer}`);
}

export function instanceTimerName(timer: InstanceTimer): string {
  return timer === 'decision' ? 'instance/decision' : 'instance/clock';
}

/** Null: no timer of an instance has this name. */
export function parseTimerName(name: string): TimerName | null {
  const known = PARSED.get(name);
  if (known !== undefined) return known;
  const parsed = parsedTimerName(name);
  const isOfMany = parsed?.of === 'port' && parsed.key !== '';
  if (parsed !== null && !isOfMany && PARSED.size < MOST_PARSED) PARSED.set(name, parsed);
  return parsed;
}

function parsedTimerName(name: string): TimerName | null {
  const [owner = '', what = '', key = ''] = name.split('/', 3);
  if (owner === 'instance') {
    const timer = INSTANCE_TIMERS.find((known) => known === what);
    return timer === undefined ? null : { of: 'instance', timer };
  }
  const timer = PORT_TIMERS.find((known) => known === what);
  const port = Number(owner);
  return timer === undefined || !Number.isInteger(port) || owner === ''
    ? null
    : { of: 'port', port, timer, key };
}
