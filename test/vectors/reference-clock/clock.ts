/**
 * A whole transparent clock, said a second time: what leaves each port for what came in, and what is
 * counted. Written from the standard and p4/README.md, port by port and frame by frame, without
 * pipeline, table or register; where the two disagree, one of them is wrong.
 */
import type { PtpMode } from '#lab/bench/ptp-plan';
import type { SwitchPlan } from '#lab/bench/switch-state';
import { Frame, Ptp, seal } from './anatomy.js';
import {
  type Kind,
  announced,
  generated,
  hasHeader,
  inForm,
  isReserved,
  malformedReason,
  marked,
  soundKind,
} from './frames.js';
import { delayAnswer, hasTime, mayAnswer, peerDelayAnswer, timestampAt } from './answers.js';
import { added, atRate, bucketOf, elapsedNs } from './arithmetic.js';
import { DROP, TWO_STEP_COUNT } from './numbers.js';
import {
  PATIENCE_NS,
  type RecordKind,
  Records,
  isAsking,
  keyOfEvent,
  recordKey,
} from './records.js';

export interface Left {
  readonly port: number;
  readonly frame: Uint8Array;
}

const OFF = 0;
const BLOCKED = 2;
const P2P = 3;
const BOUNDARY = 4;
const TWO_STEP = 0x0200;

const SYNC = 0;
const DELAY_REQ = 1;
const PDELAY_REQ = 2;
const PDELAY_RESP = 3;
const FOLLOW_UP = 8;
const DELAY_RESP = 9;
const PDELAY_RESP_FOLLOW_UP = 0xa;
const MANAGEMENT = 0xd;
const PEER_DELAY: ReadonlySet<number> = new Set([2, 3, 0xa]);
const END_TO_END_OR_PEER: ReadonlySet<number> = new Set([1, 2, 3, 9, 0xa]);
/** Sync, Follow_Up, Announce, Delay_Resp: what a master says. */
const FROM_MASTERS: ReadonlySet<number> = new Set([0, 8, 9, 0xb]);
const UNTOUCHED = { fragment: 0, 'extension header': 1, tags: 2 } as const;

/** What a response's request left behind for it; key null: nothing is known of that request. */
type Owed = { readonly key: string; readonly to: number; readonly value: bigint } | 'nothing';

/** One frame on its way through, and what is known of it. */
interface Passage {
  readonly frame: Frame;
  readonly from: number;
  readonly mode: PtpMode;
  readonly vid: number;
  readonly kind: Kind;
  readonly rxNs: bigint;
  readonly txNs: bigint;
  /** For one port only: what its request left behind, scaled nanoseconds. */
  readonly owed: Owed | null;
}

interface Waiting {
  readonly key: string;
  readonly port: number;
  readonly frame: Frame;
  readonly untilNs: bigint;
}

export class ReferenceClock {
  readonly counts = new Map<string, bigint>();
  readonly #plan: SwitchPlan;
  readonly #tickNs: bigint;
  readonly #records = new Records();
  readonly #hasPatience: boolean;
  #waiting: Waiting[] = [];

  /** `tickNs`: what its clock counts. Without patience, what would wait is lost, uncounted. */
  constructor(plan: SwitchPlan, tickNs: bigint, hasPatience = true) {
    this.#plan = plan;
    this.#tickNs = tickNs;
    this.#hasPatience = hasPatience;
  }

  /** One frame comes in; whatever leaves for it leaves at `txNs`. */
  receive(from: number, octets: Uint8Array, rxNs: bigint, txNs: bigint): Left[] {
    this.passTime(rxNs);
    const frame = new Frame(Uint8Array.from(octets));
    if (!this.#plan.ports.includes(from)) return this.#drop(127, DROP.unknownPort);
    const mode = this.#modeOf(from, frame);
    const kind = this.#classify(from, mode, frame);
    if (kind === null) return [];
    const answered = this.#peerDelay(frame, from, kind, rxNs, txNs);
    if (answered !== null) return answered;
    const vid = this.#admit(from, frame);
    if (vid === null) return this.#drop(this.#slot(from), DROP.vlan);
    const one: Passage = { frame, from, mode, vid, kind, rxNs, txNs, owed: null };
    if (frame.ptp !== null && mode !== OFF) {
      if (mode === BLOCKED) return this.#drop(this.#slot(from), DROP.blocked);
      const refused = this.#refusal(one);
      if (refused !== null) return this.#drop(this.#slot(from), refused);
      if (mode === BOUNDARY) return this.#boundary(one);
    }
    return this.#forward(one);
  }

  /** Lets time pass: what waited too long is gone. */
  passTime(nowNs: bigint): void {
    for (const { port } of this.#waiting.filter(({ untilNs }) => untilNs < nowNs)) {
      this.#unmatched(port);
    }
    this.#waiting = this.#waiting.filter(({ untilNs }) => untilNs >= nowNs);
  }

  #count(counter: string, index: number): void {
    const name = `${counter}[${index}]`;
    this.counts.set(name, (this.counts.get(name) ?? 0n) + 1n);
  }

  #countTwoStep(port: number, what: keyof typeof TWO_STEP_COUNT): void {
    this.#count('two_step', this.#slot(port) * 16 + TWO_STEP_COUNT[what]);
  }

  #slot(port: number): number {
    return this.#plan.ports.indexOf(port);
  }

  #drop(slot: number, reason: number): Left[] {
    this.#count('ingress_dropped', slot * 32 + reason);
    return [];
  }

  #modeOf(port: number, frame: Frame): PtpMode {
    const usual = this.#plan.portModes?.get(port) ?? this.#plan.ptpMode;
    if (frame.ptp === null || !hasHeader(frame)) return usual;
    const ptp = new Ptp(frame);
    const special = this.#plan.instances?.find(
      (one) => one.port === port && one.sdoId === ptp.sdoId && one.domainNumber === ptp.domain,
    );
    return special?.ptpMode ?? usual;
  }

  /** Null: dropped as malformed. Counts what it sees. */
  #classify(from: number, mode: PtpMode, frame: Frame): Kind | null {
    const slot = this.#slot(from);
    if (mode === OFF && !this.#isPeerDelayHere(from, frame)) return 'other';
    if (frame.untouched !== null) this.#count('untouched', slot * 4 + UNTOUCHED[frame.untouched]);
    if (frame.ptp === null) return 'other';
    const malformed = malformedReason(frame);
    if (malformed === 'version 1') {
      this.#count('ptp_version_1', slot);
      return 'other';
    }
    if (malformed !== null) {
      this.#count('ptp_malformed', slot * 8 + malformed);
      if (mode === BLOCKED || this.#plan.passMalformed.includes(malformed)) return 'other';
      this.#drop(slot, DROP.malformed);
      return null;
    }
    const kind = soundKind(frame);
    this.#count('ptp_received', slot * 16 + new Ptp(frame).type);
    return kind;
  }

  #isPeerDelayHere(port: number, frame: Frame): boolean {
    const ends = this.#plan.peerDelay?.some((one) => one.port === port) ?? false;
    if (!ends || frame.ptp === null || malformedReason(frame) !== null) return false;
    return PEER_DELAY.has(new Ptp(frame).type);
  }

  /** Peer delay ends at a port that answers it; null: it is none, or not here. */
  #peerDelay(frame: Frame, port: number, kind: Kind, rxNs: bigint, txNs: bigint): Left[] | null {
    const own = this.#plan.peerDelay?.find((one) => one.port === port);
    if (own === undefined || kind === 'other' || !this.#isPeerDelayHere(port, frame)) return null;
    const asked = new Ptp(frame);
    if (this.#isOwn(asked)) return this.#drop(this.#slot(port), DROP.loop);
    if (asked.type !== PDELAY_REQ) return [];
    if (!mayAnswer(frame, own)) return this.#drop(this.#slot(port), DROP.notAnswered);
    const timing = this.#timing(port);
    const time = (ns: bigint): bigint => timestampAt(ns, this.#plan.clock, this.#tickNs);
    this.#count('answered', this.#slot(port) * 16 + PDELAY_REQ);
    const residenceNs = elapsedNs(rxNs, txNs, this.#tickNs);
    if (own.twoStep) this.#countTwoStep(port, 'generated');
    const answers = peerDelayAnswer({
      request: frame,
      own,
      twoStep: own.twoStep,
      latencies: timing.ingressLatency + timing.egressLatency,
      turnaround: atRate(residenceNs, this.#rate(asked)),
      t2: time(rxNs),
      t3: time(txNs),
      sum: (correction, ...more) => more.reduce(added, correction),
    });
    return this.#counted(answers.map(({ octets }) => ({ port, frame: octets })));
  }

  #admit(port: number, frame: Frame): number | null {
    const vlan = this.#plan.vlans.find(({ vid, tagged, untagged }) =>
      frame.vid === null ? untagged.includes(port) : vid === frame.vid && tagged.includes(port),
    );
    return vlan?.vid ?? null;
  }

  #isOwn(ptp: Ptp): boolean {
    return this.#plan.ownClocks?.includes(ptp.source >> 16n) ?? false;
  }

  /** Why a sound message may not pass; null: it may. */
  #refusal({ frame, from, kind, mode }: Passage): number | null {
    if (kind === 'other') return null;
    const ptp = new Ptp(frame);
    if (this.#isOwn(ptp)) return mode === BOUNDARY && ptp.type === 0xb ? null : DROP.loop;
    if (this.#plan.listedMastersPorts?.includes(from) === true && FROM_MASTERS.has(ptp.type)) {
      const isListed = this.#plan.acceptedMasters?.some(
        ({ port, clockIdentity, portNumber }) =>
          port === from && ptp.source === ((clockIdentity << 16n) | BigInt(portNumber)),
      );
      if (isListed !== true) return DROP.notAccepted;
    }
    return mode === P2P && END_TO_END_OR_PEER.has(ptp.type) ? DROP.mechanism : null;
  }

  #boundary({ frame, from, kind, rxNs }: Passage): Left[] {
    if (kind === 'other' || new Ptp(frame).type !== DELAY_REQ) return [];
    const asked = new Ptp(frame);
    const own = this.#plan.delayResponders?.find(
      (one) => one.port === from && one.sdoId === asked.sdoId && one.domainNumber === asked.domain,
    );
    if (own === undefined || !mayAnswer(frame, own)) {
      return this.#drop(this.#slot(from), DROP.notAnswered);
    }
    // Taken up at ingress; that there is no PTP time shows only at egress.
    if (this.#plan.clock === undefined || !hasTime(rxNs, this.#plan.clock, this.#tickNs)) {
      this.#count('egress_dropped', this.#slot(from) * 32 + DROP.noClock);
      return [];
    }
    this.#count('answered', this.#slot(from) * 16 + DELAY_REQ);
    const { ingressLatency } = this.#timing(from);
    const answer = delayAnswer({
      request: frame,
      own,
      logMinDelayReqInterval: own.logMinDelayReqInterval,
      correction: added(asked.correction, ingressLatency),
      t4: timestampAt(rxNs, this.#plan.clock, this.#tickNs),
    });
    return this.#counted([{ port: from, frame: answer.octets }]);
  }

  /** What is made here leaves like any other: marked, and counted. */
  #counted(made: Left[]): Left[] {
    return made.map(({ port, frame }) => {
      const before = new Frame(frame);
      this.#count('ptp_sent', this.#slot(port) * 16 + new Ptp(before).type);
      return { port, frame: seal(before, this.#marked(port, before.copy())).octets };
    });
  }

  #timing(port: number) {
    const found = this.#plan.timing?.find((one) => one.port === port);
    return {
      ingressLatency: found?.ingressLatency ?? 0n,
      egressLatency: found?.egressLatency ?? 0n,
      asymmetry: found?.asymmetry ?? 0n,
      limitNs: found?.residenceLimitNs ?? 0n,
      meanLinkDelay: found?.meanLinkDelay ?? 0n,
      isTwoStep: this.#plan.twoStepPorts?.includes(port) ?? false,
    };
  }

  #rate(ptp: Ptp): number {
    const found = this.#plan.rates?.find(
      ({ sdoId, domainNumber }) => sdoId === ptp.sdoId && domainNumber === ptp.domain,
    );
    return found?.rateOffset ?? 0;
  }

  #isTransparent({ mode, kind }: Passage): boolean {
    return kind !== 'other' && (mode === 1 || mode === P2P);
  }

  #forward(one: Passage): Left[] {
    const { frame, from, vid } = one;
    const slot = this.#slot(from);
    const isPtpOverEthernet = frame.etherType === 0x88f7 && (one.mode === 1 || one.mode === P2P);
    if (isReserved(frame.destination) && !isPtpOverEthernet) {
      return this.#drop(slot, DROP.reserved);
    }
    if (this.#isTransparent(one) && new Ptp(frame).type === MANAGEMENT) {
      if (new Ptp(frame).boundaryHops === 0) return this.#drop(slot, DROP.hops);
    }
    const known = this.#plan.macs.find((mac) => mac.vid === vid && mac.mac === frame.destination);
    const isGroup = frame.isToGroup;
    if (known !== undefined && !isGroup && known.port === from) {
      return this.#drop(slot, DROP.samePort);
    }
    const passage = { ...one, owed: this.#owedTo(one) };
    const vlan = this.#plan.vlans.find((candidate) => candidate.vid === vid);
    const members = [...(vlan?.untagged ?? []), ...(vlan?.tagged ?? [])];
    const to =
      known !== undefined && !isGroup ? [known.port] : members.filter((port) => port !== from);
    return to.flatMap((port) => this.#leave(passage, port));
  }

  /** A response whose request left this port two-step is owed what was recorded then. */
  #owedTo(one: Passage): Owed | null {
    if (!this.#isTransparent(one) || !this.#timing(one.from).isTwoStep) return null;
    const ptp = new Ptp(one.frame);
    const kinds: Readonly<Record<number, RecordKind>> = {
      [DELAY_RESP]: 'Delay_Req',
      [PDELAY_RESP]: 'Pdelay_Req',
    };
    const kind = kinds[ptp.type];
    // On port 320 a Pdelay_Resp is no event.
    if (kind === undefined || (ptp.type === PDELAY_RESP && one.kind !== 'event')) return null;
    const key = recordKey(kind, String(one.from), one.vid, ptp.requesting, ptp);
    const found = this.#records.find(key, one.txNs);
    return found === null ? 'nothing' : { key, to: found.cameBy, value: found.value };
  }

  #leave(one: Passage, port: number): Left[] {
    const slot = this.#slot(port);
    const refuse = (reason: number): Left[] => {
      this.#count('egress_dropped', slot * 32 + reason);
      return [];
    };
    const vlan = this.#plan.vlans.find(({ vid }) => vid === one.vid);
    const form = vlan?.tagged.includes(port) ? 'tagged' : 'untagged';
    if (vlan === undefined || ![...vlan.tagged, ...vlan.untagged].includes(port)) {
      return refuse(DROP.egressVlan);
    }
    const frame = inForm(one.frame, form, one.vid);
    if (this.#isTransparent(one) && new Ptp(frame).type === MANAGEMENT) {
      new Ptp(frame).boundaryHops -= 1;
      seal(inForm(one.frame, form, one.vid), frame);
    }
    if (frame.ptp === null) return [{ port, frame: frame.octets }];
    const mode = this.#modeOf(port, frame);
    if (mode === BLOCKED || mode === BOUNDARY) return refuse(DROP.blocked);
    // Also what came in where PTP is a frame like any other.
    const type = hasHeader(frame) ? new Ptp(frame).type : null;
    if (mode === P2P && END_TO_END_OR_PEER.has(type ?? SYNC)) return refuse(DROP.mechanism);
    if (mode === OFF && isReserved(frame.destination)) return refuse(DROP.reserved);
    if (one.mode === OFF || one.kind === 'other' || mode === OFF)
      return [{ port, frame: frame.octets }];
    if (!this.#isTransparent(one)) return this.#sent(one, port, frame);
    return this.#correct(one, port, frame);
  }

  /** The last step of all that leaves: marked, checksums right. */
  #sent(one: Passage, port: number, frame: Frame): Left[] {
    this.#count('ptp_sent', this.#slot(port) * 16 + new Ptp(frame).type);
    const before = inForm(one.frame, frame.tags === 0 ? 'untagged' : 'tagged', one.vid);
    return [{ port, frame: seal(before, this.#marked(port, frame)).octets }];
  }

  #marked(port: number, frame: Frame): Frame {
    const marking = this.#plan.marking?.find((one) => one.port === port);
    return marking === undefined ? frame : marked(frame, marking);
  }

  #correct(one: Passage, port: number, frame: Frame): Left[] {
    const ptp = new Ptp(frame);
    if (one.owed !== null && (one.owed === 'nothing' || one.owed.to === port)) {
      if (one.owed === 'nothing' || this.#records.isUsed(one.owed.key)) {
        this.#countTwoStep(one.from, 'stray');
        this.#count('egress_dropped', this.#slot(port) * 32 + DROP.unmatched);
        return [];
      }
      this.#records.use(one.owed.key);
      ptp.correction = added(ptp.correction, one.owed.value);
      this.#countTwoStep(port, 'applied');
    }
    if (one.kind === 'event') return this.#event(one, port, frame);
    const isFollower = ptp.type === FOLLOW_UP || ptp.type === PDELAY_RESP_FOLLOW_UP;
    if (!isFollower || !this.#timing(port).isTwoStep) return this.#sent(one, port, frame);
    return this.#followUp(one, port, frame);
  }

  #event(one: Passage, port: number, frame: Frame): Left[] {
    const ptp = new Ptp(frame);
    const into = this.#timing(one.from);
    const out = this.#timing(port);
    const slot = this.#slot(port);
    const residenceNs = elapsedNs(one.rxNs, one.txNs, this.#tickNs);
    if (out.limitNs !== 0n && residenceNs > out.limitNs) {
      this.#count('egress_dropped', slot * 32 + DROP.tooLong);
      return out.isTwoStep ? this.#untold(one, port, frame) : [];
    }
    const isFromMaster = ptp.type === SYNC || ptp.type === PDELAY_RESP;
    const adjustment =
      into.ingressLatency +
      out.egressLatency +
      (isFromMaster ? into.asymmetry : -out.asymmetry) +
      (ptp.type === SYNC && one.mode === P2P ? into.meanLinkDelay : 0n);
    const residence = atRate(residenceNs, this.#rate(ptp));
    this.#count('ptp_corrected', slot * 16 + ptp.type);
    this.#count('residence', slot * 512 + bucketOf(residenceNs));
    if (!out.isTwoStep) {
      ptp.correction = added(added(ptp.correction, adjustment), residence);
      return this.#sent(one, port, frame);
    }
    return this.#twoStepEvent(one, port, frame, adjustment + residence);
  }

  #twoStepEvent(one: Passage, port: number, frame: Frame, value: bigint): Left[] {
    const ptp = new Ptp(frame);
    const isFlagged = (ptp.flags & TWO_STEP) !== 0;
    const isAnnouncing = ptp.type === SYNC || ptp.type === PDELAY_RESP;
    if (isAnnouncing && !isFlagged) {
      ptp.flags |= TWO_STEP;
      const out = this.#sent(one, port, frame);
      this.#countTwoStep(port, 'generated');
      const made = out.map((sent) => ({ port, frame: generated(sent.frame, value) }));
      return [...out, ...this.#counted(made)];
    }
    const key = keyOfEvent(one.from, port, one.vid, ptp);
    this.#records.keep(key, { value, madeNs: one.txNs, cameBy: one.from });
    this.#countTwoStep(port, 'recorded');
    return [...this.#sent(one, port, frame), ...this.#release(key, value)];
  }

  /** It has left already, but its residence will not be told: whatever follows it is dropped. */
  #untold(one: Passage, port: number, frame: Frame): Left[] {
    const isFollowed = (new Ptp(frame).flags & TWO_STEP) !== 0 || isAsking(new Ptp(frame));
    if (isFollowed) {
      const key = keyOfEvent(one.from, port, one.vid, new Ptp(frame));
      this.#records.keep(key, { value: 0n, madeNs: one.txNs, cameBy: one.from });
      this.#records.use(key);
      const followers = this.#waiting.filter((waiting) => waiting.key === key);
      this.#waiting = this.#waiting.filter((waiting) => waiting.key !== key);
      for (const follower of followers) this.#unmatched(follower.port);
    }
    return this.#sent(one, port, announced(frame));
  }

  #unmatched(port: number): Left[] {
    this.#countTwoStep(port, 'unmatched');
    this.#count('egress_dropped', this.#slot(port) * 32 + DROP.unmatched);
    return [];
  }

  #followUp(one: Passage, port: number, frame: Frame): Left[] {
    const ptp = new Ptp(frame);
    const key =
      ptp.type === FOLLOW_UP
        ? recordKey('Sync', `${one.from}-${port}`, one.vid, ptp.source, ptp)
        : recordKey('Pdelay_Resp', `${one.from}-${port}`, one.vid, ptp.requesting, ptp);
    const found = this.#records.find(key, one.txNs);
    if (found !== null && this.#records.isUsed(key)) return this.#unmatched(port);
    if (found === null) {
      this.#countTwoStep(port, 'waited');
      if (!this.#hasPatience) return [];
      this.#waiting.push({ key, port, frame, untilNs: one.txNs + PATIENCE_NS });
      return [];
    }
    this.#records.use(key);
    return this.#applied(port, frame, found.value);
  }

  #applied(port: number, frame: Frame, value: bigint): Left[] {
    const before = frame.copy();
    const ptp = new Ptp(frame);
    ptp.correction = added(ptp.correction, value);
    this.#countTwoStep(port, 'applied');
    this.#count('ptp_sent', this.#slot(port) * 16 + ptp.type);
    return [{ port, frame: seal(before, this.#marked(port, frame)).octets }];
  }

  /** Who waited for this record goes on. */
  #release(key: string, value: bigint): Left[] {
    const [first, ...more] = this.#waiting.filter((one) => one.key === key);
    if (first === undefined) return [];
    this.#waiting = this.#waiting.filter((one) => one.key !== key);
    this.#records.use(key);
    for (const { port } of more) this.#unmatched(port);
    return [first].flatMap(({ port, frame }) => this.#applied(port, frame, value));
  }
}
