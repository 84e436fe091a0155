/**
 * The times of masters that are not followed, in this domain and in others: their Sync are measured
 * against our clock, so that the falseticker among grandmasters can be told (../sanity/source-watch.ts).
 * Bounded: so many masters, and no request is sent to any of them.
 */
import { portIdentityText } from '#units/clock-identity';
import {
  afterPrecise,
  elapsedPreciseNs,
  ppb,
  scaledToNumber,
  subtractScaled,
  scaledNs,
  type DataplaneTime,
  type Instant,
  type Ppb,
  type PreciseInstant,
} from '#units/time';
import { FLAG, sdoIdOf } from '#wire/ptp-header';
import type { Announce, FollowUp, PtpMessage, Sync } from '#wire/ptp-message';
import type { InstanceDataSets } from '../bmca/update-data-sets.js';
import type { TimePropertiesDS } from '../data-sets.js';
import { SourceWatch, type SourceStanding, type SourceStatus } from '../sanity/source-watch.js';
import type { SanityAlarm } from '../sanity/sanity-types.js';
import type { Port } from './port.js';
import { SyncReceiver, type SyncSample } from './sync-receiver.js';

const MAX_MASTERS = 16;
/** What a path may delay where nobody measures it: a frame through a few loaded switches. */
const UNKNOWN_DELAY_NS = 1e6;
/** Stamps and the master's own error, where the delay is known. */
const LEAST_BOUND_NS = 1_000;

interface HeardMaster {
  readonly grandmasterIdentity: bigint;
  readonly standing: SourceStanding;
  readonly receiver: SyncReceiver;
}

export interface TimeSourcesHost {
  readonly now: () => Instant;
  readonly ptpTimeAt: (time: DataplaneTime) => PreciseInstant | null;
  readonly isLocked: () => boolean;
  readonly dataSets: () => Pick<InstanceDataSets, 'parentDS' | 'timePropertiesDS'>;
}

/** A clock that has locked keeps to a part per million; one that acquires may slew by hundreds. */
const LOCKED_DRIFT = ppb(1_000);
const ACQUIRING_DRIFT = ppb(500_000);

export class TimeSources {
  readonly #host: TimeSourcesHost;
  readonly #masters = new Map<string, HeardMaster>();
  readonly #watch = new SourceWatch();
  #status: readonly SourceStatus[] = [];

  constructor(host: TimeSourcesHost) {
    this.#host = host;
  }

  /** Any message of any domain that came in on a port, but those of the master that is followed. */
  hear(port: Port, message: PtpMessage, receiveTime: DataplaneTime): void {
    switch (message.kind) {
      case 'announce':
        this.#noteMaster(port, message);
        return;
      case 'sync':
      case 'followUp':
        this.#measure(port, message, receiveTime);
        return;
      default:
        return;
    }
  }

  /** The one that is followed, as it was measured. */
  followed(port: Port, offsetNs: number, errorBoundNs: number): void {
    const { parentDS, timePropertiesDS } = this.#host.dataSets();
    this.#watch.observe({
      grandmasterIdentity: parentDS.grandmasterIdentity,
      standing: standingOf(timePropertiesDS),
      path: pathOf(port.number),
      offsetNs,
      errorBoundNs: Math.max(LEAST_BOUND_NS, errorBoundNs),
      at: this.#host.now(),
    });
  }

  /** Another time holds: what was measured says nothing. */
  reset(): readonly SanityAlarm[] {
    this.#status = [];
    for (const { receiver } of this.#masters.values()) receiver.reset();
    return this.#watch.reset();
  }

  isFalse(grandmasterIdentity: bigint): boolean {
    this.#watch.setDrift(this.#drift());
    return this.#watch.isFalse(grandmasterIdentity, this.#host.now());
  }

  /** About once a second: what has changed since the last time. */
  judge(): readonly SanityAlarm[] {
    this.#watch.setDrift(this.#drift());
    const { sources, alarms } = this.#watch.verdict(this.#host.now());
    this.#status = sources;
    return alarms;
  }

  /** As they were judged last. */
  status(): readonly SourceStatus[] {
    return this.#status;
  }

  #drift(): Ppb {
    return this.#host.isLocked() ? LOCKED_DRIFT : ACQUIRING_DRIFT;
  }

  #noteMaster(port: Port, message: Announce): void {
    const key = keyOf(port, message);
    const known = this.#masters.get(key);
    const { grandmasterIdentity } = message;
    this.#masters.delete(key);
    // Whom the operator would not follow here has no say in whom to follow either.
    if (port.config.masterOnly || !port.announces.foreign.isAcceptable(message)) return;
    const receiver = known?.receiver ?? new SyncReceiver(() => undefined);
    const { flags } = message.header;
    const standing = standingOf({
      ptpTimescale: (flags & FLAG.ptpTimescale) !== 0,
      timeTraceable: (flags & FLAG.timeTraceable) !== 0,
    });
    this.#masters.set(key, { grandmasterIdentity, standing, receiver });
    const oldest = this.#masters.size > MAX_MASTERS ? this.#masters.keys().next() : null;
    if (oldest !== null && oldest.done !== true) this.#masters.delete(oldest.value);
  }

  #measure(port: Port, message: Sync | FollowUp, receiveTime: DataplaneTime): void {
    const master = this.#masters.get(keyOf(port, message));
    if (master === undefined) return;
    const now = this.#host.now();
    const sample =
      message.kind === 'sync'
        ? master.receiver.receiveSync(message, receiveTime, now)
        : master.receiver.receiveFollowUp(message, now);
    if (sample !== null) this.#observe(port, message, master, sample);
  }

  #observe(
    port: Port,
    { header }: Sync | FollowUp,
    { grandmasterIdentity, standing }: HeardMaster,
    sample: SyncSample,
  ): void {
    const taken = this.#host.ptpTimeAt(sample.receiveTime);
    if (taken === null) return;
    const { ingressLatency, delayAsymmetry } = port.config;
    const received = afterPrecise(taken, subtractScaled(scaledNs(0n), ingressLatency));
    const delay = port.link.meanLinkDelay;
    const assumedNs = delay === null ? UNKNOWN_DELAY_NS / 2 : scaledToNumber(delay);
    const sent = afterPrecise(sample.origin, delayAsymmetry);
    this.#watch.observe({
      grandmasterIdentity,
      standing,
      path: `port ${port.number}, domain ${header.domainNumber}`,
      offsetNs: elapsedPreciseNs(sent, received) - assumedNs,
      errorBoundNs: delay === null ? UNKNOWN_DELAY_NS / 2 : LEAST_BOUND_NS + assumedNs,
      at: this.#host.now(),
    });
  }
}

/** Asked for with every Sync. */
const PATHS: string[] = [];

function pathOf(port: number): string {
  return (PATHS[port] ??= `port ${port}`);
}

function standingOf({
  ptpTimescale,
  timeTraceable,
}: Pick<TimePropertiesDS, 'ptpTimescale' | 'timeTraceable'>): SourceStanding {
  if (!ptpTimescale) return 'arbitrary';
  return timeTraceable ? 'traceable' : 'ptp';
}

function keyOf(port: Port, { header }: PtpMessage): string {
  const source = portIdentityText(header.sourcePortIdentity);
  return `${port.number} ${header.domainNumber} ${sdoIdOf(header)} ${source}`;
}
