/** The text forms of `timeplane switch`'s options. Each parser gives the value or what is wrong. */
import type { LoopOptions, QueueOptions } from '#binding/engine';
import { PORT_IO, PORT_STAMPS, type PortIo, type PortStamps } from '#binding/link';
import { rateOffsetOfPpb, type OscillatorOptions } from '#binding/oscillator';

export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

export interface PortOption {
  readonly number: number;
  readonly interfaceName: string;
  readonly io: PortIo;
  readonly stamps: PortStamps;
  /** The packet loop that it belongs to; null: the one with the fewest ports. */
  readonly thread: number | null;
}

export type OscillatorOption = OscillatorOptions;

export interface QueueOption extends QueueOptions {
  readonly port: number;
}

const MAX_PORT = 509;
/** IFNAMSIZ less the NUL. */
const MAX_INTERFACE_NAME = 15;
/** FCS, preamble and gap of an Ethernet frame. */
const WIRE_OVERHEAD_OCTETS = 24;

const wrong = (message: string) => ({ ok: false, message }) as const;

function portNumber(text: string): number | null {
  const value = Number(text);
  return /^\d{1,3}$/.test(text) && value >= 1 && value <= MAX_PORT ? value : null;
}

/** As TP_LOOP_LIMIT in engine.h. */
export const MAX_THREADS = 16;
const PORT_THREADS: readonly string[] = [
  'auto',
  ...Array.from({ length: MAX_THREADS }, (_, thread) => `${thread}`),
];

/** What may follow the interface's name. */
const PORT_KEYS = {
  io: { default: 'auto', values: PORT_IO },
  stamps: { default: 'auto', values: PORT_STAMPS },
  thread: { default: 'auto', values: PORT_THREADS },
} as const satisfies Readonly<
  Record<string, { readonly default: string; readonly values: readonly string[] }>
>;
type PortSettings = {
  -readonly [K in keyof typeof PORT_KEYS]: (typeof PORT_KEYS)[K]['values'][number];
};

/** The settings after an interface's name, or what is wrong with them. */
function portSettings(texts: readonly string[]): Parsed<PortSettings> {
  const settings: Record<string, string> = Object.fromEntries(
    Object.entries(PORT_KEYS).map(([key, { default: value }]) => [key, value]),
  );
  for (const text of texts) {
    const [key = '', value = '', ...rest] = text.split('=');
    if (!Object.hasOwn(PORT_KEYS, key)) {
      return wrong(`'${key}' is not one of ${Object.keys(PORT_KEYS).join(', ')}`);
    }
    const values: readonly string[] = PORT_KEYS[key as keyof PortSettings].values;
    if (rest.length > 0 || !values.includes(value)) {
      return wrong(`${key}: '${value}' is not one of ${values.join(', ')}`);
    }
    settings[key] = value;
  }
  return { ok: true, value: settings as PortSettings };
}

/** NUMBER=INTERFACE[,key=value…], such as 1=veth1 or 1=eth1,io=xdp,stamps=hardware,thread=1. */
export function parsePort(text: string): Parsed<PortOption> {
  const [place = '', ...texts] = text.split(',');
  const [left = '', interfaceName = '', ...rest] = place.split('=');
  const number = portNumber(left);
  if (number === null || interfaceName === '' || rest.length > 0) {
    return wrong(`'${place}' is not NUMBER=INTERFACE with a number from 1 to ${MAX_PORT}`);
  }
  if (interfaceName.length > MAX_INTERFACE_NAME || /[\s/]/.test(interfaceName)) {
    return wrong(`'${interfaceName}' cannot be the name of an interface`);
  }
  const settings = portSettings(texts);
  if (!settings.ok) return settings;
  const { thread, ...others } = settings.value;
  const chosen = thread === 'auto' ? null : Number(thread);
  return { ok: true, value: { number, interfaceName, ...others, thread: chosen } };
}

const RATE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  bit: 1,
  kbit: 1e3,
  Mbit: 1e6,
  Gbit: 1e9,
};
const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  KiB: 1024,
  MiB: 1024 * 1024,
};

function quantity(text: string, units: Readonly<Record<string, number>>): number | null {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text);
  const unit = units[match?.[2] ?? '?'];
  return match === null || unit === undefined ? null : Math.round(Number(match[1]) * unit);
}

function whole(text: string, low: number, high: number): number | null {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= low && value <= high ? value : null;
}

const MAX_RATE_BPS = 1e12;
const MAX_BOUND_OCTETS = 1024 * 1024 * 1024;
const MAX_OVERHEAD_OCTETS = 1024;
const MAX_PRIORITIES = 8;
const MAX_PROCESSOR = 1023;

type QueueKey = 'rate' | 'bound' | 'priorities' | 'overhead';

const QUEUE_KEYS: Readonly<
  Record<QueueKey, { readonly example: string; readonly parse: (text: string) => number | null }>
> = {
  rate: {
    example: '100Mbit (0: not limited)',
    parse: (text) => atMost(quantity(text, RATE_UNITS), MAX_RATE_BPS),
  },
  bound: {
    example: '256KiB',
    parse: (text) => atMost(quantity(text, SIZE_UNITS), MAX_BOUND_OCTETS),
  },
  priorities: { example: '1 to 8', parse: (text) => whole(text, 1, MAX_PRIORITIES) },
  overhead: { example: '24 (octets)', parse: (text) => whole(text, 0, MAX_OVERHEAD_OCTETS) },
};

function atMost(value: number | null, limit: number): number | null {
  return value !== null && value <= limit ? value : null;
}

/** PORT:key=value,…, such as 2:rate=100Mbit,bound=256KiB,priorities=8,overhead=24. */
export function parseQueue(text: string): Parsed<QueueOption> {
  const colon = text.indexOf(':');
  const port = portNumber(text.slice(0, Math.max(colon, 0)));
  if (port === null)
    return wrong(`'${text}' is not PORT:key=value,… with a port from 1 to ${MAX_PORT}`);
  const values: Record<QueueKey, number> = {
    rate: 0,
    bound: 256 * 1024,
    priorities: 1,
    overhead: WIRE_OVERHEAD_OCTETS,
  };
  for (const part of text.slice(colon + 1).split(',')) {
    const [key = '', value = ''] = part.split('=');
    if (!isQueueKey(key)) {
      return wrong(`'${key}' is not one of ${Object.keys(QUEUE_KEYS).join(', ')}`);
    }
    const parsed = QUEUE_KEYS[key].parse(value);
    if (parsed === null) {
      return wrong(`${key}: '${value}' is not something like ${QUEUE_KEYS[key].example}`);
    }
    values[key] = parsed;
  }
  return {
    ok: true,
    value: {
      port,
      rateBps: BigInt(values.rate),
      overheadOctets: values.overhead,
      boundOctets: values.bound,
      priorityCount: values.priorities,
    },
  };
}

function isQueueKey(key: string): key is QueueKey {
  return Object.hasOwn(QUEUE_KEYS, key);
}

const TIME_UNITS_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };
const MAX_OFFSET_NS = 1e18;
const MAX_PPM = 1000;

function decimal(text: string, limit: number): number | null {
  const value = Number(text);
  return /^-?\d+(?:\.\d+)?$/.test(text) && Math.abs(value) <= limit ? value : null;
}

function signedTime(text: string): bigint | null {
  const match = /^(-?\d+(?:\.\d+)?)([a-z]+)$/.exec(text);
  const unit = TIME_UNITS_NS[match?.[2] ?? '?'];
  const value = unit === undefined ? NaN : Math.round(Number(match?.[1]) * unit);
  return Math.abs(value) <= MAX_OFFSET_NS ? BigInt(value) : null;
}

function rate(ppb: number | null): bigint | null {
  return ppb === null ? null : rateOffsetOfPpb(ppb);
}

const thousandfold = (value: number | null) => (value === null ? null : value * 1000);

type OscillatorKey = 'offset' | 'ppm' | 'wander' | 'seed';

const OSCILLATOR_KEYS: Readonly<
  Record<
    OscillatorKey,
    { readonly example: string; readonly parse: (text: string) => bigint | null }
  >
> = {
  offset: { example: '250us (ns, us, ms or s; below 0: behind)', parse: signedTime },
  ppm: {
    example: `12.5 (up to ${MAX_PPM}; below 0: slower)`,
    parse: (text) => rate(thousandfold(decimal(text, MAX_PPM))),
  },
  wander: {
    example: '0.5 (ppb by which its rate changes in a second, as a standard deviation)',
    parse: (text) => (text.startsWith('-') ? null : rate(decimal(text, MAX_PPM * 1000))),
  },
  seed: {
    example: '1 (a whole number)',
    parse: (text) => (/^\d{1,15}$/.test(text) ? BigInt(text) : null),
  },
};

function isOscillatorKey(key: string): key is OscillatorKey {
  return Object.hasOwn(OSCILLATOR_KEYS, key);
}

/** key=value,…, such as offset=250us,ppm=12.5,wander=0.5,seed=1; none is needed. */
export function parseOscillator(text: string): Parsed<OscillatorOption> {
  const values: Record<OscillatorKey, bigint> = { offset: 0n, ppm: 0n, wander: 0n, seed: 1n };
  for (const part of text.split(',')) {
    const [key = '', value = ''] = part.split('=');
    if (!isOscillatorKey(key)) {
      return wrong(`'${key}' is not one of ${Object.keys(OSCILLATOR_KEYS).join(', ')}`);
    }
    const parsed = OSCILLATOR_KEYS[key].parse(value);
    if (parsed === null) {
      return wrong(`${key}: '${value}' is not something like ${OSCILLATOR_KEYS[key].example}`);
    }
    values[key] = parsed;
  }
  const { offset, ppm, wander, seed } = values;
  return { ok: true, value: { offsetNs: offset, rateOffset: ppm, wander, seed } };
}

/** Processors of the packet loops, one each, such as 0 or 0,1. */
export function parseProcessors(text: string): Parsed<readonly number[]> {
  const processors = text.split(',').map((part) => whole(part, 0, MAX_PROCESSOR) ?? -1);
  if (processors.includes(-1)) return wrong(`'${text}' is not a list of processors such as 0,1`);
  if (new Set(processors).size < processors.length) {
    return wrong(`'${text}' has a processor for two threads`);
  }
  return { ok: true, value: processors };
}

/** How each packet loop is to run, or what is wrong: as many processors as threads, or none. */
export function loopOptions(
  threads: number,
  priority: LoopOptions['priority'],
  processors: readonly number[],
): Parsed<readonly LoopOptions[]> {
  if (processors.length !== 0 && processors.length !== threads) {
    return wrong(
      `--processor names ${processors.length} for --threads ${threads}: each thread has one, or none has`,
    );
  }
  const loops = Array.from({ length: threads }, (_, thread) => ({
    thread,
    priority,
    processor: processors[thread] ?? null,
  }));
  return { ok: true, value: loops };
}

/** What is wrong with the ports and queues together; null: nothing. */
export function checkPorts(
  ports: readonly PortOption[],
  queues: readonly QueueOption[],
  cpuPort: number,
  threads = 1,
): string | null {
  const numbers = new Set<number>();
  const names = new Set<string>();
  for (const { number, interfaceName, thread } of ports) {
    if (thread !== null && thread >= threads) {
      return `port ${number} is for thread ${thread}, and the last one is ${threads - 1}`;
    }
    if (numbers.has(number)) return `port ${number} is given twice`;
    if (names.has(interfaceName)) return `interface ${interfaceName} is given to two ports`;
    if (number === cpuPort) return `port ${number} is the CPU port`;
    numbers.add(number);
    names.add(interfaceName);
  }
  const queued = new Set<number>();
  for (const { port } of queues) {
    if (!numbers.has(port)) return `a queue is given for port ${port}, and there is no such port`;
    if (queued.has(port)) return `the queue of port ${port} is given twice`;
    queued.add(port);
  }
  return null;
}
