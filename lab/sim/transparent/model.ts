/**
 * What our P4 program makes of a message on its way through a transparent clock, said with values instead
 * of octets: IEEE 1588-2019 10.2, 10.3, 11.5.4. Proven equal to the program by the program's own vectors
 * (test/vectors) and by a network in which the compiled program itself stands in for it.
 *
 * What is left out is what the simulated world has not: VLANs, addresses, meters, marking.
 */
import { addScaled, scaledNs, scaledUnits, subtractScaled, type ScaledNs } from '#units/time';
import { FLAG, sdoIdOf, type MessageKind, type PortIdentity } from '#wire/ptp-header';
import type { PdelayResp, PtpMessage, Sync } from '#wire/ptp-message';

export interface TransparentPort {
  readonly mechanism: 'e2e' | 'p2p';
  /** Event messages leave by it with their residence in what follows them. */
  readonly twoStep: boolean;
  readonly ingressLatency: ScaledNs;
  readonly egressLatency: ScaledNs;
  readonly delayAsymmetry: ScaledNs;
  /** What stays longer is dropped; null: however long. */
  readonly residenceLimitNs: number | null;
}

export const PLAIN_PORT: TransparentPort = {
  mechanism: 'e2e',
  twoStep: false,
  ingressLatency: scaledNs(0n),
  egressLatency: scaledNs(0n),
  delayAsymmetry: scaledNs(0n),
  residenceLimitNs: null,
};

/** A message between the port that it came in by and those that it leaves by. */
export interface Passage {
  readonly message: PtpMessage;
  readonly from: number;
  /** By the clock's counter, as all times here. */
  readonly rxNs: number;
  /** What its request left behind; undefined: it is no response to a two-step request. */
  readonly owed: Owed | 'nothing' | undefined;
}

interface Owed {
  readonly key: string;
  readonly record: Residence;
}

/** What an event message left behind for the message that follows it. */
interface Residence {
  readonly value: ScaledNs;
  readonly madeNs: number;
  /** The port that the event message came in by: where its answer goes. */
  readonly cameBy: number;
  isUsed: boolean;
}

interface Follower {
  readonly key: string;
  readonly port: number;
  readonly message: PtpMessage;
  readonly untilNs: number;
}

export interface Leaving {
  readonly port: number;
  readonly message: PtpMessage;
}

/** How long a record may be found, and how long a follower waits for one: p4/README.md. */
const LIFETIME_NS = 2e9;
const PATIENCE_NS = 10e6;
const TOO_BIG = (1n << 63n) - 1n;

const EVENTS: ReadonlySet<MessageKind> = new Set(['sync', 'delayReq', 'pdelayReq', 'pdelayResp']);
const NOT_BETWEEN_PEERS: ReadonlySet<MessageKind> = new Set([
  'delayReq',
  'delayResp',
  'pdelayReq',
  'pdelayResp',
  'pdelayRespFollowUp',
]);
const CONTROL_FOLLOW_UP = 2;

export class TransparentModel {
  readonly #ports: ReadonlyMap<number, TransparentPort>;
  readonly #linkDelays = new Map<number, ScaledNs>();
  readonly #records = new Map<string, Residence>();
  #followers: Follower[] = [];
  #rateOffset = 0;
  #unmatched = 0;

  constructor(ports: ReadonlyMap<number, TransparentPort>) {
    this.#ports = ports;
  }

  /** Follow-ups and responses that were dropped, because nothing was known of what they follow. */
  get unmatched(): number {
    return this.#unmatched;
  }

  /** Of the link at `port`, added to Syncs that come in there (11.4.5.1); null: not known. */
  setMeanLinkDelay(port: number, delay: ScaledNs | null): void {
    if (delay === null) this.#linkDelays.delete(port);
    else this.#linkDelays.set(port, delay);
  }

  /** (rate - 1) × 2^41: what a nanosecond of the counter is worth in the master's time (10.3). */
  setRateOffset(rateOffset: number): void {
    this.#rateOffset = rateOffset;
  }

  /** Null: it goes no further. */
  receive(from: number, message: PtpMessage, rxNs: number): Passage | null {
    const port = this.#ports.get(from);
    if (port === undefined) return null;
    if (port.mechanism === 'p2p' && NOT_BETWEEN_PEERS.has(message.kind)) return null;
    if (message.kind === 'management' && message.boundaryHops === 0) return null;
    return { message: hopped(message), from, rxNs, owed: this.#owed(port, from, message, rxNs) };
  }

  /** One port's share of it, which leaves at `txNs`: messages in their order, by this port. */
  leave(passage: Passage, to: number, txNs: number): readonly Leaving[] {
    const port = this.#ports.get(to);
    if (port === undefined) return [];
    if (port.mechanism === 'p2p' && NOT_BETWEEN_PEERS.has(passage.message.kind)) return [];
    const { owed } = passage;
    let { message } = passage;
    if (owed === 'nothing' || (owed?.record.cameBy === to && owed.record.isUsed)) {
      this.#unmatched += 1;
      return [];
    }
    if (owed?.record.cameBy === to) {
      owed.record.isUsed = true;
      message = corrected(message, owed.record.value);
    }
    if (EVENTS.has(message.kind)) return this.#event({ ...passage, message }, to, port, txNs);
    const isFollower = message.kind === 'followUp' || message.kind === 'pdelayRespFollowUp';
    return isFollower && port.twoStep
      ? this.#follow({ ...passage, message }, to, txNs)
      : [{ port: to, message }];
  }

  /** Followers that have waited for too long are gone. */
  passTime(nowNs: number): void {
    const [first] = this.#followers;
    if (first === undefined) return;
    const left = this.#followers.filter(({ untilNs }) => untilNs >= nowNs);
    this.#unmatched += this.#followers.length - left.length;
    this.#followers = left;
  }

  #owed(port: TransparentPort, from: number, message: PtpMessage, rxNs: number): Passage['owed'] {
    if (!port.twoStep || (message.kind !== 'delayResp' && message.kind !== 'pdelayResp')) {
      return undefined;
    }
    const kind = message.kind === 'delayResp' ? 'delayReq' : 'pdelayReq';
    const key = keyOf(kind, String(from), message.requestingPortIdentity, message);
    const record = this.#find(key, rxNs);
    return record === null ? 'nothing' : { key, record };
  }

  #find(key: string, nowNs: number): Residence | null {
    const found = this.#records.get(key);
    return found === undefined || nowNs - found.madeNs > LIFETIME_NS ? null : found;
  }

  #keep(key: string, record: Residence): void {
    this.#records.delete(key);
    this.#records.set(key, record);
    for (const [oldest, { madeNs }] of this.#records) {
      if (record.madeNs - madeNs <= LIFETIME_NS) return;
      this.#records.delete(oldest);
    }
  }

  #event(passage: Passage, to: number, port: TransparentPort, txNs: number): readonly Leaving[] {
    const { message, from, rxNs } = passage;
    const residenceNs = txNs - rxNs;
    if (port.residenceLimitNs !== null && residenceNs > port.residenceLimitNs) {
      return port.twoStep ? this.#untold(passage, to, txNs) : [];
    }
    const residence = scaledNs(
      (BigInt(residenceNs) * ((1n << 41n) + BigInt(this.#rateOffset))) >> 25n,
    );
    const value = addScaled(this.#adjustment(message, from, port), residence);
    if (!port.twoStep) return [{ port: to, message: corrected(message, value) }];
    const isAnnouncing = message.kind === 'sync' || message.kind === 'pdelayResp';
    if (isAnnouncing && (message.header.flags & FLAG.twoStep) === 0) {
      return [
        { port: to, message: flagged(message) },
        { port: to, message: followUpOf(message, value) },
      ];
    }
    const key = keyOfEvent(from, to, message);
    this.#keep(key, { value, madeNs: txNs, cameBy: from, isUsed: false });
    return [{ port: to, message }, ...this.#release(key, value)];
  }

  /** Latencies, the asymmetry of the link that leads to the master, and its delay: 11.6, 11.4.5.1. */
  #adjustment(message: PtpMessage, from: number, out: TransparentPort): ScaledNs {
    const into = this.#ports.get(from) ?? PLAIN_PORT;
    const latencies = addScaled(into.ingressLatency, out.egressLatency);
    const isFromMaster = message.kind === 'sync' || message.kind === 'pdelayResp';
    const sum = isFromMaster
      ? addScaled(latencies, into.delayAsymmetry)
      : subtractScaled(latencies, out.delayAsymmetry);
    const linkDelay = this.#linkDelays.get(from);
    const isOverPeers = message.kind === 'sync' && into.mechanism === 'p2p';
    return isOverPeers && linkDelay !== undefined ? addScaled(sum, linkDelay) : sum;
  }

  /** It has left already, but its residence will not be told: whatever follows it is dropped. */
  #untold({ message, from }: Passage, to: number, txNs: number): readonly Leaving[] {
    const isAsking = message.kind === 'delayReq' || message.kind === 'pdelayReq';
    if (isAsking || (message.header.flags & FLAG.twoStep) !== 0) {
      const key = keyOfEvent(from, to, message);
      this.#keep(key, { value: scaledNs(0n), madeNs: txNs, cameBy: from, isUsed: true });
      this.#unmatched += this.#followers.filter((one) => one.key === key).length;
      this.#followers = this.#followers.filter((one) => one.key !== key);
    }
    const out =
      message.kind === 'sync' || message.kind === 'pdelayResp' ? flagged(message) : message;
    return [{ port: to, message: out }];
  }

  #follow({ message, from }: Passage, to: number, txNs: number): readonly Leaving[] {
    const key =
      message.kind === 'pdelayRespFollowUp'
        ? keyOf('pdelayResp', `${from}-${to}`, message.requestingPortIdentity, message)
        : keyOf('sync', `${from}-${to}`, message.header.sourcePortIdentity, message);
    const found = this.#find(key, txNs);
    if (found === null) {
      this.#followers.push({ key, port: to, message, untilNs: txNs + PATIENCE_NS });
      return [];
    }
    if (found.isUsed) {
      this.#unmatched += 1;
      return [];
    }
    found.isUsed = true;
    return [{ port: to, message: corrected(message, found.value) }];
  }

  /** Who waited for this record goes on; a second one is a duplicate. */
  #release(key: string, value: ScaledNs): readonly Leaving[] {
    const [first, ...more] = this.#followers.filter((one) => one.key === key);
    if (first === undefined) return [];
    this.#followers = this.#followers.filter((one) => one.key !== key);
    this.#unmatched += more.length;
    const record = this.#records.get(key);
    if (record !== undefined) record.isUsed = true;
    return [{ port: first.port, message: corrected(first.message, value) }];
  }
}

/** The sum, saturated; what is "too big" stays so (13.3.2.9). */
function corrected<M extends PtpMessage>(message: M, value: ScaledNs): M {
  const { header } = message;
  const stood = scaledUnits(header.correctionField);
  if (stood === TOO_BIG) return message;
  const sum = stood + scaledUnits(value);
  const kept = sum > TOO_BIG ? TOO_BIG : sum < -TOO_BIG - 1n ? -TOO_BIG - 1n : sum;
  return { ...message, header: { ...header, correctionField: scaledNs(kept) } };
}

function flagged<M extends PtpMessage>(message: M): M {
  const { header } = message;
  return { ...message, header: { ...header, flags: header.flags | FLAG.twoStep } };
}

/** What a clock originates for a message whose flag it has set: 9.5.10, 11.4.2. */
function followUpOf(message: Sync | PdelayResp, value: ScaledNs): PtpMessage {
  const header = {
    ...message.header,
    flags: message.header.flags & ~FLAG.twoStep,
    correctionField: value,
    messageTypeSpecific: 0,
  };
  if (message.kind === 'pdelayResp') return { ...message, kind: 'pdelayRespFollowUp', header };
  const { originTimestamp, tlvs } = message;
  return {
    kind: 'followUp',
    header: { ...header, controlField: CONTROL_FOLLOW_UP },
    tlvs,
    preciseOriginTimestamp: originTimestamp,
  };
}

function hopped(message: PtpMessage): PtpMessage {
  return message.kind === 'management'
    ? { ...message, boundaryHops: message.boundaryHops - 1 }
    : message;
}

/** A request's answer does not know by which port the request came in; a message's follower does. */
function keyOfEvent(from: number, to: number, message: PtpMessage): string {
  const isAsking = message.kind === 'delayReq' || message.kind === 'pdelayReq';
  const by = isAsking ? String(to) : `${from}-${to}`;
  const identity =
    message.kind === 'pdelayResp'
      ? message.requestingPortIdentity
      : message.header.sourcePortIdentity;
  return keyOf(message.kind, by, identity, message);
}

function keyOf(
  kind: MessageKind,
  by: string,
  { clockIdentity, portNumber }: PortIdentity,
  { header }: PtpMessage,
): string {
  const instance = `${header.domainNumber} ${sdoIdOf(header)}`;
  return `${kind} ${by} ${clockIdentity.toString(16)}-${portNumber} ${header.sequenceId} ${instance}`;
}
