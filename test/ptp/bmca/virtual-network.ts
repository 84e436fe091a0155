/**
 * Clocks that speak nothing but Announce, for what the best master algorithm does to a whole network:
 * segments with two or more ports, time in steps of a tenth of an announce interval. Their only state
 * machine is the one that is tested; the timers are the least there can be.
 */
import { instant, seconds, type Instant } from '#units/time';
import { isSamePort } from '#wire/ptp-header';
import type { Announce, Tlv } from '#wire/ptp-message';
import { TLV_TYPE } from '#wire/tlv/tlv-type';
import type { PortState } from '#ptp/data-sets';
import { ForeignMasters } from '#ptp/bmca/foreign-masters';
import { pathTraceOf } from '#ptp/bmca/path-trace';
import { decideStates, type BestMaster, type DecidingClock } from '#ptp/bmca/state-decision';
import {
  dataSetsOfGrandmaster,
  dataSetsOfSlave,
  updateDataSets,
  type InstanceDataSets,
} from '#ptp/bmca/update-data-sets';
import { eventOfDecision, nextPortState, type PortEvent } from '#ptp/port-state/transitions';
import { announce } from './announces.js';

export type VirtualComparison = 'ieee1588' | 'g8275' | 'ieee8021as';

export interface NetworkOptions {
  readonly comparison: VirtualComparison;
  readonly pathTrace: boolean;
  readonly maxStepsRemoved: number;
}

const TICKS_PER_INTERVAL = 10;
const RECEIPT_TIMEOUT = 3;
const TIME_PROPERTIES = {
  currentUtcOffsetSeconds: 37,
  currentUtcOffsetValid: true,
  leap59: false,
  leap61: false,
  timeTraceable: false,
  frequencyTraceable: false,
  ptpTimescale: true,
  timeSource: 0xa0,
};

const at = (tick: number): Instant =>
  instant((BigInt(tick) * 1_000_000_000n) / BigInt(TICKS_PER_INTERVAL));

export class VirtualPort {
  readonly segment: number;
  readonly portNumber: number;
  readonly foreign: ForeignMasters;
  state: PortState = 'listening';
  receiptDeadline: number;
  qualificationDeadline: number | null = null;
  sequenceId = 0;

  constructor(clock: DecidingClock, portNumber: number, segment: number, options: NetworkOptions) {
    this.segment = segment;
    this.portNumber = portNumber;
    this.receiptDeadline = RECEIPT_TIMEOUT * TICKS_PER_INTERVAL + portNumber;
    this.foreign = new ForeignMasters({
      portIdentity: { clockIdentity: clock.clockIdentity, portNumber },
      localPriority: 128,
      comparison: options.comparison,
      maxStepsRemoved: options.maxStepsRemoved,
      announceInterval: seconds(1),
      announceReceiptTimeout: RECEIPT_TIMEOUT,
      maxForeignMasters: 5,
      acceptableMasters: null,
    });
  }
}

export class VirtualClock {
  readonly own: DecidingClock;
  readonly ports: readonly VirtualPort[];
  sets: InstanceDataSets;
  path: readonly bigint[] = [];
  readonly #options: NetworkOptions;
  readonly #phase: number;

  constructor(
    own: DecidingClock,
    segments: readonly number[],
    phase: number,
    options: NetworkOptions,
  ) {
    this.own = own;
    this.ports = segments.map(
      (segment, index) => new VirtualPort(own, index + 1, segment, options),
    );
    this.sets = dataSetsOfGrandmaster(own, TIME_PROPERTIES);
    this.#options = options;
    this.#phase = phase % TICKS_PER_INTERVAL;
  }

  hears(port: VirtualPort, message: Announce, tick: number): void {
    const verdict = port.foreign.observe(message, at(tick));
    const isLowerOwn = !verdict.accepted && verdict.rejection === 'own-clock';
    if (port.state === 'slave') {
      const { parentPortIdentity } = this.sets.parentDS;
      if (!verdict.accepted || !isSamePort(parentPortIdentity, message.header.sourcePortIdentity)) {
        return;
      }
      this.#follow(message);
    } else if (!verdict.accepted && !(isLowerOwn && port.state === 'passive')) {
      return;
    }
    port.receiptDeadline = tick + RECEIPT_TIMEOUT * TICKS_PER_INTERVAL + port.portNumber;
  }

  /** Timeouts, then the state decision once in an interval or when a timeout asks for it. */
  tick(tick: number): void {
    let isDue = tick % TICKS_PER_INTERVAL === this.#phase;
    for (const port of this.ports) {
      if (port.qualificationDeadline !== null && tick >= port.qualificationDeadline) {
        this.#apply(port, 'qualificationTimeout', tick);
      }
      const waits = ['listening', 'passive', 'uncalibrated', 'slave'].includes(port.state);
      if (!waits || tick < port.receiptDeadline) continue;
      const best = port.foreign.best(at(tick));
      if (best !== null) port.foreign.forget(best.announce.header.sourcePortIdentity);
      this.#apply(port, 'announceReceiptTimeout', tick);
      isDue = true;
    }
    if (isDue) this.#decide(tick);
  }

  /** What MASTER ports send now. */
  sends(tick: number): readonly (readonly [VirtualPort, Announce])[] {
    if ((tick + 5) % TICKS_PER_INTERVAL !== this.#phase) return [];
    return this.ports
      .filter(({ state }) => state === 'master')
      .map((port) => [port, this.#announce(port)]);
  }

  #decide(tick: number): void {
    const { comparison } = this.#options;
    const decision = decideStates(
      this.own,
      comparison,
      this.ports.map((port) => ({
        portNumber: port.portNumber,
        portState: port.state,
        masterOnly: false,
        notSlave: false,
        erbest: port.foreign.best(at(tick)),
        ownPortHeard: port.foreign.ownPortHeard(at(tick)),
      })),
    );
    const isNewMaster = !this.#isParent(decision.ebest);
    this.sets = updateDataSets(this.sets, decision, this.own, TIME_PROPERTIES);
    this.path =
      decision.ebest && this.#isParent(decision.ebest) ? pathOf(decision.ebest.announce) : [];
    for (const port of this.ports) {
      const recommended = decision.decisions.get(port.portNumber)?.recommended ?? null;
      if (recommended !== null) this.#apply(port, eventOfDecision(recommended, isNewMaster), tick);
    }
  }

  #isParent(ebest: BestMaster | null): boolean {
    return (
      ebest !== null &&
      isSamePort(this.sets.parentDS.parentPortIdentity, ebest.announce.header.sourcePortIdentity)
    );
  }

  #apply(port: VirtualPort, event: PortEvent, tick: number): void {
    const before = port.state;
    port.state = nextPortState(before, event);
    if (port.state === before) return;
    port.receiptDeadline = tick + RECEIPT_TIMEOUT * TICKS_PER_INTERVAL + port.portNumber;
    const intervals = this.sets.currentDS.stepsRemoved + 1;
    port.qualificationDeadline =
      port.state === 'preMaster' ? tick + intervals * TICKS_PER_INTERVAL : null;
    if (port.state === 'uncalibrated')
      port.state = nextPortState(port.state, 'masterClockSelected');
  }

  #follow(message: Announce): void {
    this.sets = dataSetsOfSlave(this.sets, message);
    this.path = pathOf(message);
  }

  #announce(port: VirtualPort): Announce {
    const { parentDS, currentDS } = this.sets;
    port.sequenceId = (port.sequenceId + 1) & 0xffff;
    return announce({
      sender: this.own.clockIdentity,
      senderPort: port.portNumber,
      sequenceId: port.sequenceId,
      tlvs: this.#options.pathTrace ? [pathTlv([...this.path, this.own.clockIdentity])] : [],
      grandmaster: parentDS.grandmasterIdentity,
      priority1: parentDS.grandmasterPriority1,
      clockClass: parentDS.grandmasterClockQuality.clockClass,
      clockAccuracy: parentDS.grandmasterClockQuality.clockAccuracy,
      variance: parentDS.grandmasterClockQuality.offsetScaledLogVariance,
      priority2: parentDS.grandmasterPriority2,
      steps: currentDS.stepsRemoved,
    });
  }
}

function pathOf(message: Announce): readonly bigint[] {
  return pathTraceOf(message.tlvs) ?? [];
}

function pathTlv(path: readonly bigint[]): Tlv {
  const value = new Uint8Array(path.length * 8);
  const view = new DataView(value.buffer);
  path.forEach((identity, index) => view.setBigUint64(index * 8, identity));
  return { type: TLV_TYPE.pathTrace, value };
}

export class VirtualNetwork {
  readonly clocks: readonly VirtualClock[];
  readonly #dead = new Set<VirtualClock>();
  #tick = 0;

  constructor(clocks: readonly VirtualClock[]) {
    this.clocks = clocks;
  }

  get alive(): readonly VirtualClock[] {
    return this.clocks.filter((clock) => !this.#dead.has(clock));
  }

  kill(clock: VirtualClock): void {
    this.#dead.add(clock);
  }

  run(intervals: number): void {
    for (
      const end = this.#tick + intervals * TICKS_PER_INTERVAL;
      this.#tick < end;
      this.#tick += 1
    ) {
      for (const clock of this.alive) clock.tick(this.#tick);
      for (const clock of this.alive) {
        for (const [from, message] of clock.sends(this.#tick)) this.#deliver(clock, from, message);
      }
    }
  }

  #deliver(sender: VirtualClock, from: VirtualPort, message: Announce): void {
    for (const clock of this.alive) {
      for (const port of clock.ports) {
        const isItself = clock === sender && port === from;
        if (port.segment === from.segment && !isItself) clock.hears(port, message, this.#tick);
      }
    }
  }

  /** Live clocks that reach each other over segments. */
  islands(): readonly (readonly VirtualClock[])[] {
    const left = new Set(this.alive);
    const islands: VirtualClock[][] = [];
    for (const first of left) {
      const island = [first];
      left.delete(first);
      for (const clock of island) {
        const segments = new Set(clock.ports.map(({ segment }) => segment));
        for (const other of left) {
          if (!other.ports.some(({ segment }) => segments.has(segment))) continue;
          left.delete(other);
          island.push(other);
        }
      }
      islands.push(island);
    }
    return islands;
  }
}
