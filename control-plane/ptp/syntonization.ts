/**
 * Syntonization of a transparent clock, IEEE 1588-2019 10.3.1 (and 12.1): how fast the grandmaster's
 * clock runs against the dataplane's, from copies of Sync and Follow_Up, so that residence is told in
 * the grandmaster's seconds. 100 ppm of 1 ms would be 100 ns.
 *
 * A transparent clock takes no part in the choice of the grandmaster. It stays with the one it has
 * until that falls silent; then the one that is measured best of those still heard takes over. Once
 * there is a rate, it is kept: an oscillator of a minute ago is a better guess than none.
 */
import { portIdentityText } from '#units/clock-identity';
import {
  after,
  elapsedDataplane,
  elapsedPrecise,
  intervalDuration,
  isBefore,
  nanoseconds,
  nsOf,
  preciseInstant,
  scaledToNumber,
  seconds,
  subtractScaled,
  toScaled,
  addScaled,
  type DataplaneTime,
  type Instant,
  type Nanoseconds,
} from '#units/time';
import { FLAG, isSamePort, sdoIdOf, type PortIdentity } from '#wire/ptp-header';
import type { FollowUp, Sync } from '#wire/ptp-message';
import { addRatePair, NO_RATE, type RateEstimate, type RatePair } from './rate-ratio.js';

export interface SyntonizationConfig {
  readonly domainNumber: number;
  /** 12 bits. */
  readonly sdoId: number;
}

export type SyntonizationInput =
  | {
      readonly kind: 'message';
      /** Where it came in. */
      readonly port: number;
      readonly message: Sync | FollowUp;
      /** Of the message; Follow_Up's is not used. */
      readonly receiveTime: DataplaneTime;
      readonly now: Instant;
    }
  /** About once a second: time passes without messages too. */
  | { readonly kind: 'tick'; readonly now: Instant };

export type SyntonizationEffect =
  /** The rate to multiply residence with, as (rate - 1) × 2^41: 32 bits signed. */
  | { readonly kind: 'rateOffset'; readonly rateOffset: number }
  | {
      readonly kind: 'condition';
      readonly from: SyntonizationCondition;
      readonly to: SyntonizationCondition;
      readonly why: string;
    };

/**
 * - `listening`: no master of this instance is heard, and there is no rate.
 * - `measuring`: a master is heard, its rate is not known yet.
 * - `locked`: the rate is measured.
 * - `holdover`: the master fell silent or began anew; the last rate holds.
 */
export type SyntonizationCondition = 'listening' | 'measuring' | 'locked' | 'holdover';

/** Each stops at 2^32 - 1. */
export interface SyntonizationCounters {
  readonly syncs: number;
  readonly samples: number;
  /** Two-step Sync whose Follow_Up did not come before the next one. */
  readonly followUpsLost: number;
  readonly followUpsUnmatched: number;
  readonly alternateMasters: number;
  readonly mastersEvicted: number;
  readonly mastersTimedOut: number;
  readonly masterChanges: number;
  readonly clockSteps: number;
}

interface PendingSync {
  readonly message: Sync;
  readonly receiveTime: DataplaneTime;
}

/** One that sends Sync, by one port. */
interface Master {
  readonly port: number;
  readonly identity: PortIdentity;
  readonly lastHeard: Instant;
  readonly silentAfter: Nanoseconds;
  readonly sync: PendingSync | null;
  readonly followUp: FollowUp | null;
  readonly estimate: RateEstimate;
  /** The least delayed sample of the second that runs. */
  readonly best: { readonly pair: RatePair; readonly since: DataplaneTime } | null;
}

export interface SyntonizationState {
  readonly config: SyntonizationConfig;
  readonly condition: SyntonizationCondition;
  readonly masters: readonly Master[];
  /** The one whose rate is taken. */
  readonly current: { readonly port: number; readonly identity: PortIdentity } | null;
  /** As last told to the runtime; null: never. */
  readonly rateOffset: number | null;
  readonly counters: SyntonizationCounters;
}

export interface SyntonizationStep {
  readonly state: SyntonizationState;
  readonly effects: readonly SyntonizationEffect[];
}

export interface SyntonizationStatus {
  readonly condition: SyntonizationCondition;
  readonly master: PortIdentity | null;
  readonly port: number | null;
  /** (rate - 1) × 10^9 of what the dataplane was told. */
  readonly rateOffsetPpb: number | null;
  readonly mastersHeard: number;
  readonly counters: SyntonizationCounters;
}

/** Masters that are remembered: real networks have one or two. */
const MAX_MASTERS = 8;
const RATE_RULE = { length: 32, minimum: 8 };
/** Of each second the least delayed sample is taken: queues only ever add. */
const SLOT_NS = 1_000_000_000n;
const RECEIPT_TIMEOUT_INTERVALS = 3n;
const LEAST_TIMEOUT = seconds(3);
const LONGEST_TIMEOUT = seconds(120);
/** Changes of less than 10 ppb are not worth a write: 0.1 ns in 10 ms of residence. */
const HYSTERESIS = 1e-8 * 2 ** 41;
const RATE_OFFSET_MAX = 2 ** 31 - 1;
const COUNTER_MAX = 0xffff_ffff;

export function initialSyntonization(config: SyntonizationConfig): SyntonizationState {
  return {
    config,
    condition: 'listening',
    masters: [],
    current: null,
    rateOffset: null,
    counters: {
      syncs: 0,
      samples: 0,
      followUpsLost: 0,
      followUpsUnmatched: 0,
      alternateMasters: 0,
      mastersEvicted: 0,
      mastersTimedOut: 0,
      masterChanges: 0,
      clockSteps: 0,
    },
  };
}

/** One input. Messages of other instances change nothing. */
export function advanceSyntonization(
  state: SyntonizationState,
  input: SyntonizationInput,
): SyntonizationStep {
  if (input.kind === 'tick') return settle(forgetSilent(state, input.now));
  const { message, port } = input;
  const { header } = message;
  if (header.domainNumber !== state.config.domainNumber || sdoIdOf(header) !== state.config.sdoId) {
    return { state, effects: [] };
  }
  if ((header.flags & FLAG.alternateMaster) !== 0) {
    return { state: count(state, 'alternateMasters'), effects: [] };
  }
  const known = state.masters.find(isMaster(port, header.sourcePortIdentity));
  return settle(
    message.kind === 'sync'
      ? takeSync(state, known, input, message)
      : takeFollowUp(state, known, message),
  );
}

export function syntonizationStatus(state: SyntonizationState): SyntonizationStatus {
  return {
    condition: state.condition,
    master: state.current?.identity ?? null,
    port: state.current?.port ?? null,
    rateOffsetPpb: state.rateOffset === null ? null : (state.rateOffset / 2 ** 41) * 1e9,
    mastersHeard: state.masters.length,
    counters: state.counters,
  };
}

function count(
  state: SyntonizationState,
  ...names: readonly (keyof SyntonizationCounters)[]
): SyntonizationState {
  const counters = { ...state.counters };
  for (const name of names) counters[name] = Math.min(counters[name] + 1, COUNTER_MAX);
  return { ...state, counters };
}

function isMaster(port: number, identity: PortIdentity): (master: Master) => boolean {
  return (master) => master.port === port && isSamePort(master.identity, identity);
}

function isCurrent(state: SyntonizationState, master: Master): boolean {
  return state.current !== null && isMaster(state.current.port, state.current.identity)(master);
}

function replace(state: SyntonizationState, master: Master): SyntonizationState {
  const isIt = isMaster(master.port, master.identity);
  const masters = state.masters.map((other) => (isIt(other) ? master : other));
  return { ...state, masters: state.masters.some(isIt) ? masters : [...masters, master] };
}

function takeSync(
  state: SyntonizationState,
  known: Master | undefined,
  { port, receiveTime, now }: Extract<SyntonizationInput, { kind: 'message' }>,
  message: Sync,
): SyntonizationState {
  const counted = count(state, 'syncs');
  const room = known === undefined ? makeRoom(counted) : counted;
  const master: Master = {
    ...(known ?? newMaster(port, message.header.sourcePortIdentity)),
    lastHeard: now,
    silentAfter: silenceOf(message),
    sync: { message, receiveTime },
  };
  if ((message.header.flags & FLAG.twoStep) === 0) {
    const remote = preciseInstant(message.originTimestamp, message.header.correctionField);
    return sample(room, { ...master, sync: null, followUp: null }, { remote, local: receiveTime });
  }
  const lost = known?.sync === null || known === undefined ? room : count(room, 'followUpsLost');
  return match(lost, master);
}

function newMaster(
  port: number,
  identity: PortIdentity,
): Omit<Master, 'lastHeard' | 'silentAfter'> {
  return { port, identity, sync: null, followUp: null, estimate: NO_RATE, best: null };
}

/** A new identity never puts out the master that is followed, however many there are. */
function makeRoom(state: SyntonizationState): SyntonizationState {
  if (state.masters.length < MAX_MASTERS) return state;
  const [oldest] = state.masters
    .filter((master) => !isCurrent(state, master))
    .sort((a, b) => (isBefore(a.lastHeard, b.lastHeard) ? -1 : 1));
  const masters = state.masters.filter((master) => master !== oldest);
  return count({ ...state, masters }, 'mastersEvicted');
}

/** 7.7.3.1: three intervals; with what a unicast master does not say, three seconds. */
function silenceOf({ header }: Sync): Nanoseconds {
  const interval = intervalDuration(header.logMessageInterval);
  if (interval === null) return LEAST_TIMEOUT;
  const timeout = nsOf(interval) * RECEIPT_TIMEOUT_INTERVALS;
  // What a stranger says must not keep a silent master for years.
  return timeout > nsOf(LEAST_TIMEOUT) && timeout <= nsOf(LONGEST_TIMEOUT)
    ? nanoseconds(timeout)
    : LEAST_TIMEOUT;
}

function takeFollowUp(
  state: SyntonizationState,
  known: Master | undefined,
  message: FollowUp,
): SyntonizationState {
  // Without a Sync before it, a Follow_Up says nothing about a rate.
  if (known === undefined) return count(state, 'followUpsUnmatched');
  const replaced = known.followUp === null ? state : count(state, 'followUpsUnmatched');
  return match(replaced, { ...known, followUp: message });
}

/** Either order: a Follow_Up may overtake its Sync on the way to the controller. */
function match(state: SyntonizationState, master: Master): SyntonizationState {
  const { sync, followUp } = master;
  if (sync === null || followUp?.header.sequenceId !== sync.message.header.sequenceId) {
    return replace(state, master);
  }
  const correction = addScaled(
    sync.message.header.correctionField,
    followUp.header.correctionField,
  );
  const remote = preciseInstant(followUp.preciseOriginTimestamp, correction);
  const matched = { ...master, sync: null, followUp: null };
  return sample(state, matched, { remote, local: sync.receiveTime });
}

function sample(state: SyntonizationState, master: Master, pair: RatePair): SyntonizationState {
  const counted = count(state, 'samples');
  const { best } = master;
  if (best === null) {
    return replace(counted, { ...master, best: { pair, since: pair.local } });
  }
  if (nsOf(elapsedDataplane(best.since, pair.local)) < SLOT_NS) {
    const isBetter = delayBeyond(best.pair, pair, master.estimate.offset ?? 0) < 0;
    return replace(counted, isBetter ? { ...master, best: { ...best, pair } } : master);
  }
  const { estimate, stepped } = addRatePair(master.estimate, best.pair, RATE_RULE);
  const next = replace(counted, { ...master, estimate, best: { pair, since: pair.local } });
  return stepped ? count(next, 'clockSteps') : next;
}

/** How much later than `from` the sample `to` came than the clocks alone explain, ns. */
function delayBeyond(from: RatePair, to: RatePair, rateOffset: number): number {
  const local = toScaled(elapsedDataplane(from.local, to.local));
  const remote = elapsedPrecise(from.remote, to.remote);
  return scaledToNumber(subtractScaled(local, remote)) + scaledToNumber(local) * rateOffset;
}

function forgetSilent(state: SyntonizationState, now: Instant): SyntonizationState {
  const masters = state.masters.filter(
    ({ lastHeard, silentAfter }) => !isBefore(after(lastHeard, silentAfter), now),
  );
  const gone = state.masters.length - masters.length;
  let next: SyntonizationState = { ...state, masters };
  for (let i = 0; i < gone; i++) next = count(next, 'mastersTimedOut');
  return next;
}

/** Chooses whom to follow, and tells what became of the rate. */
function settle(state: SyntonizationState): SyntonizationStep {
  const followed = follow(state);
  const master = followed.masters.find((candidate) => isCurrent(followed, candidate));
  const offset = rateOffsetOf(master);
  const told = offset === null ? { state: followed, effects: [] } : tell(followed, offset);
  const to = conditionOf(told.state, master);
  if (to === state.condition) return told;
  const name = master === undefined ? null : portIdentityText(master.identity);
  const why = name === null ? 'no Sync comes' : `Sync of ${name} by port ${master?.port ?? 0}`;
  return {
    state: { ...told.state, condition: to },
    effects: [...told.effects, { kind: 'condition', from: state.condition, to, why }],
  };
}

function follow(state: SyntonizationState): SyntonizationState {
  if (state.masters.some((master) => isCurrent(state, master))) return state;
  const [best] = [...state.masters].sort(
    (a, b) => b.estimate.pairs.length - a.estimate.pairs.length || comparePorts(a, b),
  );
  if (best === undefined) return state.current === null ? state : { ...state, current: null };
  const { port, identity } = best;
  return count({ ...state, current: { port, identity } }, 'masterChanges');
}

/** Only so that equals have an order that chance has no part in. */
function comparePorts(a: Master, b: Master): number {
  if (a.identity.clockIdentity !== b.identity.clockIdentity) {
    return a.identity.clockIdentity < b.identity.clockIdentity ? -1 : 1;
  }
  return a.identity.portNumber - b.identity.portNumber || a.port - b.port;
}

/** In units of 2^-41; null while it is not known, or if the dataplane could not multiply by it. */
function rateOffsetOf(master: Master | undefined): number | null {
  const offset = master?.estimate.offset ?? null;
  if (offset === null) return null;
  const units = Math.round(offset * 2 ** 41);
  return Math.abs(units) > RATE_OFFSET_MAX ? null : units;
}

function tell(state: SyntonizationState, rateOffset: number): SyntonizationStep {
  if (state.rateOffset !== null && Math.abs(rateOffset - state.rateOffset) < HYSTERESIS) {
    return { state, effects: [] };
  }
  return { state: { ...state, rateOffset }, effects: [{ kind: 'rateOffset', rateOffset }] };
}

function conditionOf(
  state: SyntonizationState,
  master: Master | undefined,
): SyntonizationCondition {
  if (rateOffsetOf(master) !== null) return 'locked';
  if (state.rateOffset !== null) return 'holdover';
  return master === undefined ? 'listening' : 'measuring';
}
