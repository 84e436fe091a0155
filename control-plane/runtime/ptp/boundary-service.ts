/**
 * The boundary clock as the PTP service knows it: with the watch of the dataplane's counter, which
 * says when PTP time has to begin anew, and with what it tells of itself.
 */
import type { OwnAddress, SwitchSettings } from '#dataplane/settings';
import type { Entity } from '#p4rt/entities';
import { PtpInstance } from '#ptp/instance/instance';
import { managedBoundaryClock } from '#ptp/management-boundary-sets';
import type { InstanceChange, ManagedClock, NotifiedEvent } from '#ptp/management-types';
import { linkDelayInput } from '#ptp/measured-link';
import type { PeerDelayStatus } from '#ptp/peer-delay-types';
import type { TransparentClock } from '#ptp/transparent-clock';
import { portValue } from '#units/identity';
import { type Instant, instant, nsOf, nsSinceEpoch } from '#units/time';
import { ClockFollowers, comparisonOf } from '../clock-devices/clock-followers.js';
import { BoundaryClock, type BoundaryClockOptions } from './boundary-clock.js';
import { BoundaryLog, type ToldEffect } from './boundary-log.js';
import { boundaryReport, type BoundaryReport } from './boundary-status.js';
import type { ClockReading } from './clock-reader.js';
import { CounterMonitor, middle, type CounterBreak } from './counter-monitor.js';
import { later } from './dataplane-clock.js';
import type { ClockReference } from './entries.js';
import type { ManagementBoundary } from './management-service.js';
import { Neighbors } from './neighbors.js';
import type { PacketIo, ReceivedMessage, ReceivedPacket } from './packet-io.js';
import type { PtpServiceOptions } from './service.js';
import { ServoRecord } from './servo-record.js';
import { TickScale } from './tick-scale.js';
import type { Timers } from './timers.js';

/** What the service has made already. */
export interface BoundaryContext {
  readonly packets: PacketIo;
  readonly timers: Timers;
  readonly onUpdate: BoundaryClockOptions['onUpdate'];
  /** Something that management clients may have subscribed to. */
  readonly onEvent: (event: NotifiedEvent, port: number) => void;
}

/** Null: the settings have none. */
export function createBoundaryService(
  options: PtpServiceOptions,
  context: BoundaryContext,
): BoundaryService | null {
  const { boundary } = options.settings;
  return boundary === null ? null : new BoundaryService(options, boundary, context);
}

export class BoundaryService {
  readonly #options: PtpServiceOptions;
  readonly #clock: BoundaryClock;
  readonly #monitor: CounterMonitor;
  readonly #neighbors: Neighbors;
  /** As the switch told: before PTP time is there nobody listens to it. */
  readonly #links = new Map<number, boolean>();
  readonly #followers: ClockFollowers;
  readonly #tickNs: bigint;
  readonly #ticks: TickScale;
  #settings: SwitchSettings;
  #lastSync: Instant | null = null;
  readonly #record = new ServoRecord();

  constructor(
    options: PtpServiceOptions,
    boundary: NonNullable<SwitchSettings['boundary']>,
    { packets, timers, onUpdate, onEvent }: BoundaryContext,
  ) {
    const { settings, index, capabilities, now, random, log } = options;
    const { timestampResolution } = capabilities;
    this.#options = options;
    this.#settings = settings;
    this.#tickNs = nsOf(timestampResolution);
    this.#ticks = new TickScale(timestampResolution);
    const createInstance =
      options.createInstance ?? ((config) => new PtpInstance(config, { random, now: now() }));
    const told = new BoundaryLog({
      log,
      now,
      portName: (port) => this.#portName(port),
      ownIdentity: settings.clock.identity,
      ptp4l: boundary.ptp4lLog ? (options.writeLine ?? writeStandardOutput) : null,
    });
    this.#neighbors = new Neighbors({
      ports: () => this.#ipPorts(),
      send: (port, frame) => packets.send(port, frame),
      now,
      log,
    });
    this.#clock = new BoundaryClock({
      settings,
      boundary,
      index,
      timestampResolution,
      packets,
      macOf: (port, ip) => this.#neighbors.macOf(port, ip),
      timers,
      now,
      log,
      createInstance,
      onUpdate,
      events: {
        tell: (effect) => {
          told.tell(effect);
          this.#notice(effect, onEvent);
        },
      },
    });
    const clockNs = options.monotonicNs ?? (() => process.hrtime.bigint());
    const countsBySystemClock = capabilities.tickEpoch === 'system-clock';
    this.#followers = new ClockFollowers(
      options.followers ?? [],
      { countsBySystemClock, nowNs: clockNs() },
      log,
    );
    this.#monitor = new CounterMonitor({
      packets,
      timers,
      clockNs,
      onReading: (reading) => this.#onReading(reading),
      onBreak: (found) => this.#beginAnew(found),
    });
  }

  #notice(effect: ToldEffect, onEvent: BoundaryContext['onEvent']): void {
    switch (effect.kind) {
      case 'portState':
        onEvent('portState', effect.port);
        return;
      case 'parent':
        this.#record.anew();
        onEvent('parentDataSet', 0);
        return;
      case 'setClock':
        if (effect.step !== null) this.#record.anew();
        return;
      case 'synchronized':
        this.#record.synchronized(effect.measurement);
        this.#lastSync = effect.measurement.receivedAt;
        onEvent('timeSync', 0);
        return;
      default:
    }
  }

  /** As management asks it; `facts`: what the ports are beside PTP. */
  managed(facts: TransparentClock): ManagedClock {
    const own = facts.ports.map((port) => {
      const sent = this.#clock.sent(port.portNumber);
      return {
        ...port,
        isTwoStep: this.#clock.isTwoStep(port.portNumber),
        sent: port.sent.map((count, type) => count + (sent[type] ?? 0n)),
      };
    });
    return managedBoundaryClock({
      status: this.#clock.status(),
      facts: { ...facts, ports: own },
      lastSyncTimeNs: this.#lastSync === null ? null : nsSinceEpoch(this.#lastSync),
    });
  }

  /** For management that is passed on. */
  readonly forwarding: ManagementBoundary = {
    ports: () =>
      this.#clock.status().ports.map(({ portDS }) => ({
        portNumber: portDS.portIdentity.portNumber,
        portState: portDS.portState,
      })),
    send: (port, message) => this.#clock.passOn(port, message),
  };

  change(change: InstanceChange): void {
    this.#clock.change(change);
  }

  get isBegun(): boolean {
    return this.#clock.isBegun;
  }

  /** The dataplane has PTP time, from now on by this reference. */
  begin(reference: ClockReference): void {
    this.#clock.begin(reference, 'PTP time was set');
    for (const [port, up] of this.#links) this.#clock.tell({ kind: 'link', port, up });
    this.#monitor.start();
    this.#neighbors.announce();
  }

  /** The switch is there again. */
  resume(): void {
    this.#monitor.start();
    this.#neighbors.announce();
  }

  /** The switch was started anew: its counter may be another, so what it says next is no measurement. */
  counterRestarted(): void {
    this.#monitor.suspect();
  }

  /** Goes on with other settings: the instance keeps what they do not change. */
  configure(settings: SwitchSettings): void {
    this.#settings = settings;
    if (settings.boundary !== null) this.#clock.configure(settings, settings.boundary);
  }

  stop(): void {
    this.#monitor.stop();
    this.#followers.close();
    this.#clock.stop();
  }

  sent(port: number): readonly bigint[] {
    return this.#clock.sent(port);
  }

  has(port: number): boolean {
    return this.#clock.has(port);
  }

  receive(packet: ReceivedPacket, found: ReceivedMessage): void {
    this.#clock.receive(packet, found);
  }

  /** ARP or Neighbor Discovery. */
  receiveNeighbor({ port, octets }: ReceivedPacket): void {
    this.#neighbors.receive(port, octets);
  }

  /** Every second. */
  tick(): void {
    this.#neighbors.tick();
  }

  receiveReading(packet: ReceivedPacket): void {
    this.#monitor.receive(packet);
  }

  linkChanged(port: number, up: boolean): void {
    this.#links.set(port, up);
    this.#clock.tell({ kind: 'link', port, up });
  }

  linkMeasured(port: number, measurement: PeerDelayStatus): void {
    this.#clock.tell(linkDelayInput(port, measurement));
  }

  entities(): Entity[] {
    return this.#clock.entities();
  }

  report(): BoundaryReport {
    return boundaryReport({
      settings: this.#settings,
      status: this.#clock.status(),
      isBegun: this.isBegun,
      reference: this.#clock.reference,
      readings: this.#monitor.counters,
      alarms: this.#clock.alarms,
      followers: this.#followers.status(),
      record: this.#record.report(),
      now: this.#options.now(),
    });
  }

  #onReading(reading: ClockReading): void {
    this.#clock.observe(reading.counterNs);
    const { reference } = this.#clock;
    const hasFollowers = (this.#options.followers ?? []).length > 0;
    if (reference === null || !hasFollowers) return;
    const now = later(reference, this.#ticks.ticksOf(reading.counterNs), this.#tickNs);
    this.#followers.follow(comparisonOf(this.#clock.status(), instant(now.ptpNs), reading));
  }

  /** PTP time goes on by the clock that was read beside the counter: off by no more than a reading is. */
  #beginAnew({ before, after, why }: CounterBreak): void {
    const reference = this.#clock.reference;
    this.#options.log.warn(`${why}: PTP time goes on by the system's monotonic clock`);
    this.#clock.observe(after.counterNs);
    if (reference === null) return;
    const old = later(reference, this.#ticks.ticksOf(before.counterNs), this.#tickNs);
    const passedNs = middle(after) - middle(before);
    this.#clock.begin(
      {
        ticks: this.#ticks.ticksOf(after.counterNs),
        ptpNs: old.ptpNs + passedNs,
        rateOffset: old.rateOffset,
      },
      why,
    );
  }

  /** Ports that talk over UDP, with their addresses. */
  #ipPorts(): Map<number, OwnAddress> {
    const { boundary, ports } = this.#settings;
    return new Map(
      ports.flatMap(({ number, address }) => {
        const transport = boundary?.ports.get(portValue(number))?.transport ?? 'ethernet';
        return transport === 'ethernet' ? [] : [[portValue(number), address]];
      }),
    );
  }

  #portName(number: number): string {
    const port = this.#settings.ports.find((other) => portValue(other.number) === number);
    return port?.name ?? String(number);
  }
}

function writeStandardOutput(line: string): void {
  process.stdout.write(line);
}
