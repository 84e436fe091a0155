/**
 * Faults of a simulated network, as people write them: `--kill grandmaster@600`,
 * `--link-down leaf-1:spine-1@10-20`, `--detour grandmaster:switch-1@10-20:500`. Times are seconds of true
 * time since the beginning.
 */
import { failure, success, type Result } from '#units/result';
import { corrupting, detouring, duplicating, losing, reordering } from '../sim/channels.js';
import type { Channel } from '../sim/link-types.js';
import type { Network, Way } from '../sim/simulated-network.js';
import type { World } from '../sim/world.js';
import type { Topology } from '../topologies/topology.js';

/** Of every frame on every link, 0 to 1. */
export interface FrameFaults {
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly corrupt: number;
}

export const NO_FRAME_FAULTS: FrameFaults = { loss: 0, duplicate: 0, reorder: 0, corrupt: 0 };

export type Event =
  | { readonly kind: 'kill'; readonly node: string; readonly atSeconds: number }
  | {
      readonly kind: 'jump';
      readonly node: string;
      readonly atSeconds: number;
      readonly ns: number;
    }
  | (Span & { readonly kind: 'link-down' })
  | (Span & { readonly kind: 'detour'; readonly ns: number });

interface Span {
  /** A link's ends; a detour is from the first to the second. */
  readonly from: string;
  readonly to: string;
  readonly beginSeconds: number;
  /** Null: to the end. */
  readonly endSeconds: number | null;
}

export type EventCode = 'syntax' | 'unknown-node' | 'unknown-link' | 'time' | 'not-a-clock';

/** How each kind is written. */
export const EVENT_USAGE: Readonly<Record<Event['kind'], string>> = {
  kill: 'NODE@SECONDS',
  jump: 'NODE@SECONDS:NS',
  'link-down': 'NODE:NODE@SECONDS[-SECONDS]',
  detour: 'FROM:TO@SECONDS-SECONDS:NS',
};

const NAME = '([a-z][a-z0-9-]*)';
const SECONDS = String.raw`(\d+(?:\.\d+)?)`;
const SIGNED_NS = String.raw`([+-]?\d+(?:\.\d+)?)`;
const PATTERNS: Readonly<Record<Event['kind'], RegExp>> = {
  kill: new RegExp(`^${NAME}@${SECONDS}$`),
  jump: new RegExp(`^${NAME}@${SECONDS}:${SIGNED_NS}$`),
  'link-down': new RegExp(`^${NAME}:${NAME}@${SECONDS}(?:-${SECONDS})?$`),
  // No way is shorter than the link.
  detour: new RegExp(`^${NAME}:${NAME}@${SECONDS}-${SECONDS}:${SECONDS}$`),
};

export function parseEvent(kind: Event['kind'], text: string): Result<Event, EventCode> {
  const match = PATTERNS[kind].exec(text);
  if (match === null) {
    return failure('syntax', `"${text}"; it is written ${EVENT_USAGE[kind]}`);
  }
  const [, first = '', second = '', third = '', fourth, ns = '0'] = match;
  if (kind === 'kill') return success({ kind, node: first, atSeconds: Number(second) });
  if (kind === 'jump') {
    return success({ kind, node: first, atSeconds: Number(second), ns: Number(third) });
  }
  const beginSeconds = Number(third);
  const endSeconds = fourth === undefined ? null : Number(fourth);
  if (endSeconds !== null && !(endSeconds > beginSeconds)) {
    return failure(
      'time',
      `"${text}" ends at ${endSeconds} s, which is not after ${beginSeconds} s`,
    );
  }
  const span = { from: first, to: second, beginSeconds, endSeconds };
  return success(kind === 'detour' ? { kind, ...span, ns: Number(ns) } : { kind, ...span });
}

function isLink({ links }: Topology, from: string, to: string): boolean {
  return links.some(({ a, b }) => (a === from && b === to) || (a === to && b === from));
}

/** Whether the topology has what it is about, and the run lasts so long; empty where all is well. */
export function eventProblem(event: Event, topology: Topology, seconds: number): string {
  const names = 'node' in event ? [event.node] : [event.from, event.to];
  for (const name of names) {
    if (!topology.nodes.some((node) => node.name === name)) {
      return `${topology.name} has no node ${name}; it has ${someOf(topology)}`;
    }
  }
  if (!('node' in event) && !isLink(topology, event.from, event.to)) {
    return `${topology.name} has no link between ${event.from} and ${event.to}`;
  }
  if (event.kind === 'jump') {
    const { role } = topology.nodes.find(({ name }) => name === event.node) ?? {};
    if (role === 'transparent' || role === 'switch') {
      const what = role === 'switch' ? 'switch' : 'transparent clock';
      return `${event.node} is a ${what}, which has no PTP time that could jump`;
    }
  }
  const at = 'node' in event ? event.atSeconds : event.beginSeconds;
  if (at < seconds) return '';
  return `it would come at ${at} s, and the run ends at ${seconds} s`;
}

const SOME = 8;

function someOf({ nodes }: Topology): string {
  const names = nodes.slice(0, SOME).map(({ name }) => name);
  return `${names.join(', ')}${nodes.length > SOME ? ', …' : ''}`;
}

/** What is put around each direction of each link. */
export function faultyChannel(
  world: World,
  faults: FrameFaults,
  events: readonly Event[],
): (wire: Channel, way: Way) => Channel {
  return (wire, { link, from, to }) => {
    const stream = (what: string) => world.stream(`link ${link} from ${from}: ${what}`);
    let channel = wire;
    if (faults.duplicate > 0) {
      channel = duplicating(channel, faults.duplicate, LATER_NS, stream('copies'));
    }
    if (faults.reorder > 0) {
      channel = reordering(channel, faults.reorder, LATER_NS, stream('overtaking'));
    }
    if (faults.corrupt > 0) channel = corrupting(channel, faults.corrupt, stream('bit errors'));
    if (faults.loss > 0) channel = losing(channel, faults.loss, stream('loss'));
    for (const event of events) {
      if (event.kind !== 'detour' || event.from !== from || event.to !== to) continue;
      const { beginSeconds, endSeconds, ns } = event;
      const endNs = endSeconds === null ? Number.POSITIVE_INFINITY : endSeconds * 1e9;
      const times = { beginNs: beginSeconds * 1e9, endNs };
      channel = detouring(channel, { ...times, extraNs: ns });
    }
    return channel;
  };
}

/** A copy, or a frame that is held back, comes so much later. */
const LATER_NS = 200_000;

/** Puts what is to happen into the world's queue. */
export function scheduleEvents(world: World, network: Network, events: readonly Event[]): void {
  const between = (from: string, to: string) =>
    network.links.filter((_, index) => {
      const { a, b } = network.topology.links[index] ?? { a: '', b: '' };
      return (a === from && b === to) || (a === to && b === from);
    });
  const of = (node: string) =>
    network.links.filter((_, index) => {
      const { a, b } = network.topology.links[index] ?? { a: '', b: '' };
      return a === node || b === node;
    });
  const at = (seconds: number, run: () => void) => world.after(seconds * 1e9, run);
  for (const event of events) {
    if (event.kind === 'kill') {
      at(event.atSeconds, () => {
        network.clocks.get(event.node)?.die();
        // A node without power brings down its links.
        for (const link of of(event.node)) link.set(false);
      });
    } else if (event.kind === 'jump') {
      at(event.atSeconds, () => network.clocks.get(event.node)?.setTime(event.ns, 'jump'));
    } else if (event.kind === 'link-down') {
      const links = between(event.from, event.to);
      at(event.beginSeconds, () => links.forEach((link) => link.set(false)));
      const { endSeconds } = event;
      if (endSeconds !== null) at(endSeconds, () => links.forEach((link) => link.set(true)));
    }
  }
}
