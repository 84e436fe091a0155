/**
 * The traffic of the benchmarks, seeded: half PTP event messages over all three transports (tagged
 * and untagged, IPv4 with and without checksum), a fifth general messages, the rest plain UDP between
 * known stations. PTP goes to its multicast addresses and is flooded, plain traffic is unicast.
 */
import {
  MESSAGES,
  type MessageKind,
  type Transport,
  type VlanTag,
  concat,
  frame,
  ptpMessage,
  u16,
} from './frames.js';
import { Random } from './random.js';
import type { KnownMac, SwitchPlan } from './switch-state.js';

export interface MixFrame {
  readonly port: number;
  readonly octets: Uint8Array;
}

export const MIX = '50 % PTP events, 20 % PTP general, 30 % plain UDP of 60 to 508 octets';

const UNTAGGED_VID = 1;
const TAGGED_VID = 10;
const STATIONS = 16;

/** Two transparent ports in two VLANs, and the stations that the mix speaks of. */
export function benchPlan(): SwitchPlan {
  const ports = [1, 2];
  const macs: KnownMac[] = [];
  for (const port of ports) {
    for (let station = 0; station < STATIONS; station++) {
      const mac = BigInt(`0x${Buffer.from(stationMac(port, station)).toString('hex')}`);
      for (const vid of [UNTAGGED_VID, TAGGED_VID]) macs.push({ vid, mac, port });
    }
  }
  return {
    ports,
    vlans: [
      { vid: UNTAGGED_VID, untagged: ports, tagged: [] },
      { vid: TAGGED_VID, untagged: [], tagged: ports },
    ],
    macs,
    ptpMode: 1,
    passMalformed: [],
  };
}

/** Of the second pair's VLANs: nothing of one pair gets to the other. */
const SECOND_UNTAGGED_VID = 2;
const SECOND_TAGGED_VID = 11;

/** Ports 3 and 4 beside 1 and 2, and the same stations there, in VLANs of their own. */
export function pairsPlan(): SwitchPlan {
  const plan = benchPlan();
  const [ports, second] = [plan.ports, plan.ports.map((port) => port + 2)];
  const secondVid = (vid: number) =>
    vid === UNTAGGED_VID ? SECOND_UNTAGGED_VID : SECOND_TAGGED_VID;
  return {
    ...plan,
    ports: [...ports, ...second],
    vlans: [
      ...plan.vlans,
      { vid: SECOND_UNTAGGED_VID, untagged: second, tagged: [] },
      { vid: SECOND_TAGGED_VID, untagged: [], tagged: second },
    ],
    macs: [
      ...plan.macs,
      ...plan.macs.map(({ vid, mac, port }) => ({ vid: secondVid(vid), mac, port: port + 2 })),
    ],
  };
}

/** The frames of ports 1 and 2, and the same once more on 3 and 4. */
export function pairsFrames(frames: readonly MixFrame[]): MixFrame[] {
  return frames.flatMap(({ port, octets }) => {
    const copy = Uint8Array.from(octets);
    if (copy[12] === 0x81 && copy[13] === 0) copy[15] = SECOND_TAGGED_VID;
    return [
      { port, octets },
      { port: port + 2, octets: copy },
    ];
  });
}

function stationMac(port: number, station: number): number[] {
  return [0x02, 0x00, 0x5e, 0x10, port, station];
}

/** `count` frames; `ports`: those that frames come in on. */
export function mixFrames(seed: number, count: number, ports: readonly (1 | 2)[]): MixFrame[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const port = ports[random.next(ports.length)] ?? 1;
    const draw = random.next(100);
    return {
      port,
      octets: draw < 70 ? ptpFrame(random, port, draw < 50) : plainFrame(random, port),
    };
  });
}

function ptpFrame(random: Random, port: number, event: boolean): Uint8Array {
  const kind = pickKind(random, event);
  const transport = (['l2', 'ipv4', 'ipv6'] as const)[random.next(3)] ?? 'l2';
  const checksum = transport === 'l2' ? 'none' : checksumOf(transport, random);
  const message = ptpMessage({
    kind,
    correctionField: BigInt(random.next(1_000_000)) << 10n,
    version: 0x02,
    sequenceId: random.next(65536),
    filler: random.octets,
    tlvs: new Uint8Array(0),
    messageLength: null,
  });
  return frame(
    {
      transport,
      tags: tagsOf(random),
      checksum,
      udpPort: event ? 319 : 320,
      peer: false,
      sourceMac: stationMac(port, random.next(STATIONS)),
      destinationMac: null,
      trailer: new Uint8Array(transport === 'ipv6' ? 2 : 0),
      padTo: 60,
    },
    message,
  );
}

/** Sync and Delay_Req among events, Follow_Up, Delay_Resp and Announce among general messages. */
function pickKind(random: Random, event: boolean): MessageKind {
  const names = event ? ['Sync', 'Delay_Req'] : ['Follow_Up', 'Delay_Resp', 'Announce'];
  const name = names[random.next(names.length)];
  const kind = MESSAGES.find((one) => one.name === name);
  if (kind === undefined) throw new Error(`no message ${name ?? ''}`);
  return kind;
}

function checksumOf(transport: Transport, random: Random): 'zero' | 'valid' {
  return transport === 'ipv4' && random.next(2) === 0 ? 'zero' : 'valid';
}

function tagsOf(random: Random): VlanTag[] {
  return random.next(2) === 0 ? [] : [{ tpid: 0x8100, vid: TAGGED_VID, pcp: 6 }];
}

function plainFrame(random: Random, port: number): Uint8Array {
  const payload = concat([u16(0x5450), random.octets(14 + random.next(449))]);
  return frame(
    {
      transport: 'ipv4',
      tags: tagsOf(random),
      checksum: 'valid',
      udpPort: 5000 + random.next(100),
      peer: false,
      sourceMac: stationMac(port, random.next(STATIONS)),
      destinationMac: stationMac(3 - port, random.next(STATIONS)),
      trailer: new Uint8Array(0),
      padTo: 60,
    },
    payload,
  );
}

/** The file that native/frames.h reads; all frames arrive at `timeNs`. */
export function frameFile(frames: readonly MixFrame[], timeNs: bigint): Uint8Array {
  return concat(
    frames.map(({ port, octets }) => {
      const record = new Uint8Array(16);
      const view = new DataView(record.buffer);
      view.setUint32(0, octets.length, true);
      view.setUint32(4, port, true);
      view.setBigUint64(8, timeNs, true);
      return concat([record, octets]);
    }),
  );
}

/** Reads such a file back, e.g. what a program let out. */
export function readFrameFile(file: Uint8Array): MixFrame[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const out: MixFrame[] = [];
  for (let at = 0; at < file.length;) {
    const octets = view.getUint32(at, true);
    const port = view.getUint32(at + 4, true);
    out.push({ port, octets: Uint8Array.from(file.subarray(at + 16, at + 16 + octets)) });
    at += 16 + octets;
  }
  return out;
}
