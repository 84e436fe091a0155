/**
 * The PTP services with a dataplane that the test plays: time passes when it is told to, what is sent
 * is kept, and packet-ins are made by the P4Info that the switch would run.
 */
import { create } from '@bufbuild/protobuf';
import { pino } from 'pino';
import { expect } from 'vitest';
import { PUNT_REASON } from '#dataplane/program';
import type { SwitchSettings } from '#dataplane/settings';
import { decodeBytestring, encodeBytestring } from '#p4rt/bytestring';
import { decodeTableEntry } from '#p4rt/decode';
import { buildDigest, type Entity, type EntrySpec, type PacketMetadata } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import { NATIVE } from '#p4rt/targets/native';
import type { Target } from '#p4rt/target';
import {
  DigestListSchema,
  PacketInSchema,
  Update_Type,
  type Update,
} from '#protos/p4/v1/p4runtime_pb';
import { parseConfig } from '#runtime/config';
import { createPtpService, type PtpService, type PtpServiceOptions } from '#runtime/ptp/service';
import type { Timers } from '#runtime/ptp/timers';
import { instant, nsOf, scaledNs, scaledUnits } from '#units/time';
import { decodeFrame, encodeFrame, type LocatedFrame } from '#wire/frame';
import {
  decodeMessage,
  encodeMessage,
  type PdelayReq,
  type PdelayResp,
  type PdelayRespFollowUp,
} from '#wire/ptp-message';
import { programIndex } from '../../support/program.js';

const MS = 1_000_000n;

/** A packet-out as the dataplane would take it. */
export interface Sent {
  readonly fields: Readonly<Record<string, bigint>>;
  readonly octets: Uint8Array;
}

/** Timers and clocks that go by hand. */
export class HandTime implements Timers {
  nowNs = 1_000_000_000n;
  #jobs: { readonly at: bigint; readonly job: () => void }[] = [];

  readonly after: Timers['after'] = (duration, job) => {
    const entry = { at: this.nowNs + nsOf(duration), job };
    this.#jobs.push(entry);
    return () => {
      this.#jobs = this.#jobs.filter((other) => other !== entry);
    };
  };

  get waiting(): number {
    return this.#jobs.length;
  }

  /** Runs what becomes due, in its order. */
  pass(ms: number): void {
    const end = this.nowNs + BigInt(Math.round(ms * 1e6));
    for (;;) {
      const [next] = this.#jobs.filter(({ at }) => at <= end).sort((a, b) => Number(a.at - b.at));
      if (next === undefined) break;
      this.#jobs = this.#jobs.filter((other) => other !== next);
      this.nowNs = next.at;
      next.job();
    }
    this.nowNs = end;
  }
}

/** What a configuration file without its target means. */
export function settingsOf(yaml: string, target: Target = NATIVE): SwitchSettings {
  const parsed = parseConfig(
    'test.yaml',
    `target: { kind: ${target.kind}, address: "127.0.0.1:1" }\n${yaml}`,
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed.value.settings;
}

export class Conversation {
  readonly time = new HandTime();
  readonly index: P4InfoIndex = programIndex();
  readonly sent: Sent[] = [];
  readonly written: EntrySpec[] = [];
  readonly removed: EntrySpec[] = [];
  /** In ptp4l's form. */
  readonly lines: string[] = [];
  readonly service: PtpService;
  /** Whether the session takes packet-outs. */
  connected = true;
  /** The dataplane's clock against the time that passes. */
  ahead = 0n;
  messageCounts: NonNullable<PtpServiceOptions['messageCounts']> = () => Promise.resolve(null);
  /** Called for each packet-out, as a dataplane would be. */
  onSent: (sent: Sent) => void = () => undefined;

  constructor(yaml: string, target: Target = NATIVE) {
    this.service = createPtpService({
      settings: settingsOf(yaml, target),
      index: this.index,
      capabilities: target.capabilities,
      send: (payload, metadata) => this.#take(payload, metadata),
      write: (updates) => this.#write(updates),
      now: () => instant(this.time.nowNs),
      random: () => 0.5,
      log: pino({ level: 'silent' }),
      systemTimeNs: () => 1_700_000_000_000_000_000n + this.time.nowNs,
      monotonicNs: () => this.time.nowNs,
      timers: this.time,
      writeLine: (line) => this.lines.push(line),
      messageCounts: () => this.messageCounts(),
    });
  }

  #write(updates: readonly Update[]): void {
    for (const { type, entity } of updates) {
      if (entity === undefined) throw new Error('an update of nothing');
      const list = type === Update_Type.DELETE ? this.removed : this.written;
      list.push(this.entry(entity));
    }
  }

  #take(payload: Uint8Array, metadata: PacketMetadata[]): boolean {
    if (!this.connected) return false;
    const header = this.index.packetMetadata.byName('packet_out');
    if (!header.ok) throw new Error(header.error.message);
    const fields = Object.fromEntries(
      header.value.fields.map(({ id, name, bitwidth }) => {
        const octets = metadata.find(({ metadataId }) => metadataId === id)?.value;
        const decoded = decodeBytestring(octets ?? new Uint8Array(0), bitwidth);
        if (!decoded.ok) throw new Error(`packet-out without ${name}`);
        return [name, decoded.value];
      }),
    );
    const sent = { fields, octets: payload };
    this.sent.push(sent);
    this.onSent(sent);
    return true;
  }

  /** An entry by names. */
  entry({ entity }: Entity): EntrySpec {
    if (entity.case !== 'tableEntry') throw new Error(`a ${entity.case}`);
    const decoded = decodeTableEntry(this.index, entity.value);
    if (!decoded.ok) throw new Error(decoded.error.message);
    return decoded.value;
  }

  packetIn(port: number, reason: number, timeNs: bigint, octets: Uint8Array): void {
    const metadata = [BigInt(port), BigInt(reason), timeNs].map((value, i) => ({
      metadataId: i + 1,
      value: encodeBytestring(value),
    }));
    this.service.onPacketIn(create(PacketInSchema, { payload: octets, metadata }));
  }

  /** The transmit time of a packet-out, as the dataplane would bring it. */
  transmitted({ fields, octets }: Sent, timeNs: bigint): void {
    this.packetIn(Number(fields['egress_port']), PUNT_REASON.txEvent, timeNs, octets);
  }

  digest(name: string, ...messages: (readonly bigint[])[]): boolean {
    const digest = this.index.digests.byName(name);
    if (!digest.ok) throw new Error(digest.error.message);
    const data = messages.map(buildDigest);
    return this.service.onDigest(
      create(DigestListSchema, { digestId: digest.value.id, listId: 1n, data }),
    );
  }
}

export function frameOf(octets: Uint8Array): LocatedFrame {
  const decoded = decodeFrame(octets);
  if (!decoded.ok) throw new Error(decoded.error.message);
  return decoded.value;
}

export function pdelayReqOf(sent: Sent | undefined): PdelayReq {
  const decoded = decodeMessage(frameOf(sent?.octets ?? new Uint8Array(0)).payload);
  if (!decoded.ok) throw new Error(decoded.error.message);
  expect(decoded.value.kind).toBe('pdelayReq');
  return decoded.value as PdelayReq;
}

export interface NeighbourOptions {
  readonly identity?: bigint;
  readonly delayNs: bigint;
  readonly turnaroundNs?: bigint;
  readonly steps?: 'one' | 'two';
}

/** The other end of a link: answers each request by `delayNs` on the way and back. */
export class Neighbour {
  readonly #talk: Conversation;
  readonly #options: Required<NeighbourOptions>;

  constructor(talk: Conversation, options: NeighbourOptions) {
    this.#talk = talk;
    this.#options = {
      identity: 0x1122_33ff_fe44_5566n,
      turnaroundNs: 50_000n,
      steps: 'two',
      ...options,
    };
  }

  /** The transmit time where it was asked for, then what the other end sends. */
  answer(sent: Sent): void {
    if (sent.fields['tx_event'] === 1n)
      this.#talk.transmitted(sent, BigInt.asUintN(48, this.#talk.time.nowNs + this.#talk.ahead));
    this.respond(sent);
  }

  respond(sent: Sent): void {
    const { identity, delayNs, turnaroundNs, steps } = this.#options;
    const request = pdelayReqOf(sent);
    const t1 = this.#talk.time.nowNs;
    const t4 = t1 + 2n * delayNs + turnaroundNs;
    const arrival = BigInt.asUintN(48, t4 + this.#talk.ahead);
    const two = steps === 'two';
    const asked = scaledUnits(request.header.correctionField);
    const common = {
      header: {
        ...request.header,
        flags: two ? 0x0200 : 0,
        correctionField: scaledNs(two ? 0n : asked + (turnaroundNs << 16n)),
        sourcePortIdentity: { clockIdentity: identity, portNumber: 1 },
      },
      tlvs: [],
      requestingPortIdentity: request.header.sourcePortIdentity,
    };
    const t2 = two ? t1 + delayNs + 5_000n * MS : 0n;
    const response: PdelayResp = { ...common, kind: 'pdelayResp', timestamp: instant(t2) };
    const followUp: PdelayRespFollowUp = {
      ...common,
      header: { ...common.header, flags: 0, correctionField: scaledNs(asked) },
      kind: 'pdelayRespFollowUp',
      timestamp: instant(t2 + turnaroundNs),
    };
    const port = Number(sent.fields['egress_port']);
    const trap = (message: PdelayResp | PdelayRespFollowUp): void => {
      const frame = { ...frameOf(sent.octets), payload: encodeMessage(message) };
      this.#talk.packetIn(port, PUNT_REASON.peerDelay, arrival, encodeFrame(frame));
    };
    trap(response);
    if (two) trap(followUp);
  }
}
