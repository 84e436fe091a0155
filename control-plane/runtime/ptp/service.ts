/**
 * The PTP services of an agent behind one interface: packet-ins and digests go in, packet-outs and
 * table entries come out. Nothing here waits for the switch, and nothing that it sends can throw.
 */
import type { Logger } from 'pino';
import { PUNT_REASON } from '#dataplane/program';
import { portUses, type SwitchSettings } from '#dataplane/settings';
import type { Entity } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import { modify, type Update } from '#p4rt/reconcile';
import type { TargetCapabilities } from '#p4rt/target';
import type { DigestList, PacketIn } from '#protos/p4/v1/p4runtime_pb';
import { managedTransparentClock } from '#ptp/management-sets';
import type { ManagementEffect } from '#ptp/management-types';
import type { TransparentClock } from '#ptp/transparent-clock';
import { scaledFromNumber, seconds, type Instant } from '#units/time';
import { MESSAGE_TYPE } from '#wire/ptp-header';
import type { ClockDeviceSpec } from '../clock-devices/open-clock-device.js';
import { productVersion } from '../version.js';
import type { BoundaryClockOptions } from './boundary-clock.js';
import { createBoundaryService, type BoundaryService } from './boundary-service.js';
import { correctionTerms, type WrittenMeasurements } from './correction-terms.js';
import { DataplaneClock } from './dataplane-clock.js';
import { clockSnapshot, type MessageCounts } from './clock-snapshot.js';
import { instanceKey, leftBehind, ptpClock, type ClockReference } from './entries.js';
import { KnownCounts } from './known-counts.js';
import { Ledger } from './ledger.js';
import { ManagementService } from './management-service.js';
import {
  CLOCK_READING,
  PacketIo,
  type ReceivedMessage,
  type ReceivedPacket,
  type SendPacket,
} from './packet-io.js';
import { PeerDelayService } from './peer-delay-service.js';
import { peerDelayReport, syntonizationReport, type PtpStatus } from './status.js';
import { SyntonizationService } from './syntonization-service.js';
import { SYSTEM_TIMERS, type Timers } from './timers.js';
import { UpdateBatcher } from './update-batcher.js';

export interface PtpServiceOptions {
  readonly settings: SwitchSettings;
  readonly index: P4InfoIndex;
  readonly capabilities: TargetCapabilities;
  /** `P4rtSession.sendPacket`. */
  readonly send: SendPacket;
  /**
   * Writes entries that have changed, by updates that fit whatever the switch has: a modify is for
   * what may be new too. Not called again before it is done; what fails is in `entities()` still.
   */
  readonly write: (updates: readonly Update[]) => void | Promise<void>;
  /** A clock that never steps back. */
  readonly now: () => Instant;
  readonly random: () => number;
  readonly log: Logger;
  /** By port number, as the switch counts now; null: it does not say. Default: never known. */
  readonly messageCounts?: () => Promise<ReadonlyMap<number, MessageCounts> | null>;
  /** Nanoseconds since 1970. Default: the system's clock. */
  readonly systemTimeNs?: () => bigint;
  /** Nanoseconds of a clock that is never set. Default: the system's monotonic one. */
  readonly monotonicNs?: () => bigint;
  /** Default: the process's own. */
  readonly timers?: Timers;
  /** Clocks that follow a boundary clock. Default: none. */
  readonly followers?: readonly ClockDeviceSpec[];
  /** Default: PtpInstance. */
  readonly createInstance?: BoundaryClockOptions['createInstance'];
  /** Takes lines in ptp4l's form. Default: standard output. */
  readonly writeLine?: (line: string) => void;
}

export interface PtpService {
  readonly onPacketIn: (packet: PacketIn) => void;
  /** Which ports' links are up, by number; those that are not named are as they were. */
  readonly onLinks: (links: ReadonlyMap<number, boolean>) => void;
  /** True: it was a ledger's digest. It is to be acknowledged all the same. */
  readonly onDigest: (list: DigestList) => boolean;
  /**
   * What the switch holds, before it is brought to the desired state: what an earlier agent measured
   * is taken over, so that a restart changes no correction. To be called each time that a switch is
   * there again; `actual` has the default entry of `clock` too, or its time starts anew.
   */
  readonly onPrepared: (prepared: {
    readonly pushed: boolean;
    readonly actual: readonly Entity[];
  }) => void;
  /**
   * Entries that measurements change; the desired state has none of the same keys but as a start
   * value, and these go before those.
   */
  readonly entities: () => readonly Entity[];
  /** The switch is ready: begins to ask and to answer. Further calls, after a loss, do no harm. */
  readonly start: () => void;
  /** Goes on with other settings: such as `restartKeys` finds nothing wrong with. */
  readonly configure: (settings: SwitchSettings) => void;
  /** Leaves the switch as it is, but for what a boundary clock answers in its own name. */
  readonly stop: () => Promise<void>;
  readonly status: () => PtpStatus;
  /** What the boundary clock has sent by a port, by messageType: the dataplane does not count it. */
  readonly sent: (port: number) => readonly bigint[];
}

const HOUSEKEEPING = seconds(1);

const TAKEN_REASONS: ReadonlySet<number> = new Set([
  PUNT_REASON.peerDelay,
  PUNT_REASON.management,
  PUNT_REASON.syntonization,
  PUNT_REASON.boundary,
]);

export function createPtpService(options: PtpServiceOptions): PtpService {
  return new Service(options);
}

class Service implements PtpService {
  readonly #options: PtpServiceOptions;
  readonly #timers: Timers;
  readonly #packets: PacketIo;
  readonly #peerDelay: PeerDelayService;
  readonly #syntonization: SyntonizationService | null;
  readonly #counts: KnownCounts;
  readonly #management: ManagementService;
  readonly #ledger: Ledger;
  readonly #clock: DataplaneClock | null;
  readonly #boundary: BoundaryService | null;
  readonly #updates: UpdateBatcher;
  #cancelHousekeeping: (() => void) | null = null;
  #running = false;
  readonly #version = productVersion();
  /** As the switch told; ports that it did not name count as up. */
  readonly #links = new Map<number, boolean>();
  #settings: SwitchSettings;
  #ignored = 0;
  #userDescription = '';

  constructor(options: PtpServiceOptions) {
    const { settings, index, capabilities, now, random, log } = options;
    const timers = options.timers ?? SYSTEM_TIMERS;
    this.#options = options;
    this.#settings = settings;
    this.#timers = timers;
    this.#packets = new PacketIo(options);
    const common = { settings, index, timers, log, packets: this.#packets };
    this.#updates = new UpdateBatcher(timers, options.write);
    const onEntry = (entity: Entity): void => this.#updates.add(modify(entity), 'soon');
    const { timestampResolution } = capabilities;
    this.#boundary = createBoundaryService(options, {
      packets: this.#packets,
      timers,
      onUpdate: (update, urgency) => this.#updates.add(update, urgency),
      onEvent: (event, port) => this.#management.notify(event, port),
    });
    this.#peerDelay = new PeerDelayService({
      ...common,
      random,
      timestampResolution,
      onEntry,
      onMeasurement: (port, measurement) => this.#boundary?.linkMeasured(port, measurement),
    });
    this.#syntonization =
      settings.syntonize === null
        ? null
        : new SyntonizationService({ ...common, instance: settings.syntonize, now, onEntry });
    this.#counts = new KnownCounts({ read: options.messageCounts ?? null, now, log });
    this.#management = new ManagementService({
      ...common,
      now,
      snapshot: () =>
        this.#boundary?.managed(this.#snapshot()) ?? managedTransparentClock(this.#snapshot()),
      boundary: this.#boundary?.forwarding ?? null,
      refresh: () => this.#counts.asked(),
      onEffect: (effect) => this.#onManagement(effect),
    });
    const written: WrittenMeasurements = {
      meanLinkDelay: (port) => this.#peerDelay.writtenMeanLinkDelay(port),
      rateOffset: (instance) => this.#syntonization?.rateOffset(instance) ?? 0,
    };
    this.#ledger = new Ledger(
      index,
      (message, residenceNs) => correctionTerms(this.#settings, message, residenceNs, written),
      now,
    );
    this.#clock = settings.ports.some((port) => portUses(port, 'boundary'))
      ? new DataplaneClock({
          ...common,
          systemTimeNs: options.systemTimeNs ?? systemTimeNs,
          capabilities,
          onReference: (reference) => this.#onReference(reference),
        })
      : null;
  }

  /** A boundary clock takes PTP time over where it begins. */
  #onReference(reference: ClockReference): void {
    if (this.#boundary === null) {
      this.#updates.add(modify(ptpClock(this.#options.index, reference)), 'soon');
      return;
    }
    this.#clock?.stop();
    this.#boundary.begin(reference);
  }

  readonly onPacketIn = (packet: PacketIn): void => {
    const received = this.#packets.receive(packet);
    if (received === null || this.#packets.claim(received)) return;
    if (received.reason !== CLOCK_READING.reason) this.#dispatch(received);
    else if (this.#clock?.receive(received) !== true) this.#boundary?.receiveReading(received);
  };

  #dispatch(received: ReceivedPacket): void {
    const { reason, port } = received;
    if (reason === PUNT_REASON.neighbor && this.#boundary !== null) {
      this.#boundary.receiveNeighbor(received);
      return;
    }
    if (!TAKEN_REASONS.has(reason)) {
      this.#ignored += 1;
      return;
    }
    const found = this.#packets.message(received.octets);
    if (found === null) return;
    // On its ports all PTP is the boundary clock's, management too, which has its own service.
    if (found.header.messageType === MESSAGE_TYPE.management) {
      this.#management.receive(port, found);
      return;
    }
    switch (reason) {
      case PUNT_REASON.peerDelay:
        this.#peerDelay.receive(received, found.message);
        return;
      case PUNT_REASON.management:
        this.#management.receive(port, found);
        return;
      case PUNT_REASON.boundary:
        this.#receiveBoundary(received, found);
        return;
      default:
        // A copy for whoever follows a rate comes instead of the one for the boundary clock.
        if (this.#boundary?.has(port) === true) this.#receiveBoundary(received, found);
        if (this.#syntonization === null) this.#ignored += 1;
        else this.#syntonization.receive(received, found.message);
    }
  }

  #receiveBoundary(received: ReceivedPacket, found: ReceivedMessage): void {
    if (this.#boundary === null) this.#ignored += 1;
    else this.#boundary.receive(received, found);
  }

  readonly onLinks: PtpService['onLinks'] = (links) => {
    for (const [port, up] of links) {
      this.#links.set(port, up);
      this.#boundary?.linkChanged(port, up);
    }
  };

  readonly onDigest = (list: DigestList): boolean => this.#ledger.heard(list);

  readonly onPrepared: PtpService['onPrepared'] = ({ pushed, actual }) => {
    if (pushed) this.#clock?.forget();
    if (pushed) this.#boundary?.counterRestarted();
    const { index, settings } = this.#options;
    const { meanLinkDelays, rateOffsets, clock } = leftBehind(index, actual);
    for (const [port, meanLinkDelay] of meanLinkDelays) this.#peerDelay.adopt(port, meanLinkDelay);
    if (clock !== null && this.#boundary?.isBegun !== true) this.#clock?.adopt(clock);
    if (settings.syntonize === null) return;
    const rateOffset = rateOffsets.get(instanceKey(settings.syntonize));
    if (rateOffset !== undefined) this.#syntonization?.adopt(rateOffset);
  };

  readonly entities = (): readonly Entity[] => [
    ...this.#peerDelay.entities(),
    ...(this.#syntonization?.entities() ?? []),
    ...(this.#boundary === null ? (this.#clock?.entities() ?? []) : this.#boundary.entities()),
  ];

  readonly start = (): void => {
    if (this.#boundary?.isBegun === true) this.#boundary.resume();
    else this.#clock?.start();
    if (this.#running) return;
    this.#running = true;
    this.#peerDelay.start();
    void this.#management.start();
    this.#housekeep();
  };

  readonly configure = (settings: SwitchSettings): void => {
    this.#settings = settings;
    this.#peerDelay.reconfigure(settings);
    this.#boundary?.configure(settings);
  };

  readonly stop = (): Promise<void> => {
    this.#running = false;
    this.#cancelHousekeeping?.();
    this.#peerDelay.stop();
    this.#management.stop();
    this.#clock?.stop();
    this.#boundary?.stop();
    return this.#updates.finish();
  };

  readonly sent = (port: number): readonly bigint[] => this.#boundary?.sent(port) ?? [];

  readonly status = (): PtpStatus => ({
    packets: { ...this.#packets.counters, ignored: this.#ignored },
    peerDelay: {
      ports: this.#peerDelay.status().map(peerDelayReport),
      counters: this.#peerDelay.counters(),
    },
    syntonization:
      this.#syntonization === null ? null : syntonizationReport(this.#syntonization.status()),
    management: this.#management.status(),
    ledger: this.#ledger.status(),
    clock: this.#clock?.status() ?? null,
    boundary: this.#boundary?.report() ?? null,
  });

  #snapshot(): TransparentClock {
    return clockSnapshot(this.#settings, {
      version: this.#version,
      model: this.#options.capabilities.pipelineArtefact,
      userDescription: this.#userDescription,
      peerDelay: (port) => this.#peerDelay.measurement(port),
      neighborPropDelayThresholdNs: (port) => this.#peerDelay.neighborPropDelayThresholdNs(port),
      isLinkUp: (port) => this.#links.get(port) ?? true,
      counts: (port) => this.#counts.of(port),
    });
  }

  #onManagement(effect: ManagementEffect): void {
    switch (effect.kind) {
      case 'setUserDescription':
        this.#userDescription = effect.userDescription;
        return;
      case 'setLogMinPdelayReqInterval':
        this.#peerDelay.configure(effect.portNumber, { logInterval: effect.logInterval });
        return;
      case 'setNeighborPropDelayThreshold':
        this.#peerDelay.configure(effect.portNumber, {
          neighborPropDelayThreshold: scaledFromNumber(effect.thresholdNs),
        });
        return;
      case 'changeInstance':
        this.#boundary?.change(effect.change);
        return;
      case 'subscribe':
        // The socket's own: ManagementService keeps who listens.
        return;
    }
  }

  #housekeep(): void {
    this.#packets.expire();
    this.#syntonization?.tick();
    this.#counts.tick();
    this.#boundary?.tick();
    this.#cancelHousekeeping = this.#timers.after(HOUSEKEEPING, () => this.#housekeep());
  }
}

/**
 * In steps of a microsecond, which is finer than the way to the dataplane. The fine clock does not see
 * that the system's was stepped, so the coarse one, of whole milliseconds, says where it must be.
 */
function systemTimeNs(): bigint {
  const coarseMs = Date.now();
  const fineMs = performance.timeOrigin + performance.now();
  const us = Math.round(Math.min(Math.max(fineMs, coarseMs), coarseMs + 1) * 1e3);
  return BigInt(us) * 1_000n;
}
