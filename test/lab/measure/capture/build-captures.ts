/** Captures for tests, and PTP messages to be in them. */
import { encodeFrame, type Frame } from '#wire/frame';
import { writeHeader, HEADER_OCTETS, FLAG } from '#wire/ptp-header';
import { macAddress } from '#units/identity';
import { logInterval, scaledNs } from '#units/time';

export interface Packet {
  readonly timeNs: bigint;
  readonly octets: Uint8Array;
  /** On the wire, where the capture has cut it. */
  readonly wireLength?: number;
}

const BASE_NS = 1_795_338_000_000_000_000n;
export const at = (ns: number): bigint => BASE_NS + BigInt(ns);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

type Field = readonly [octets: 2 | 4 | 8, value: number | bigint];

function fields(little: boolean, list: readonly Field[]): Uint8Array {
  const out = new DataView(new ArrayBuffer(list.reduce((sum, [octets]) => sum + octets, 0)));
  let offset = 0;
  for (const [octets, value] of list) {
    if (octets === 2) out.setUint16(offset, Number(value), little);
    else if (octets === 4) out.setUint32(offset, Number(value), little);
    else out.setBigInt64(offset, BigInt(value), little);
    offset += octets;
  }
  return new Uint8Array(out.buffer);
}

export interface PcapShape {
  readonly little?: boolean;
  readonly unitNs?: 1 | 1000;
  readonly linkType?: number;
}

export function pcap(packets: readonly Packet[], shape: PcapShape = {}): Uint8Array {
  const { little = true, unitNs = 1, linkType = 1 } = shape;
  const magic = unitNs === 1 ? 0xa1b23c4d : 0xa1b2c3d4;
  const head: Field[] = [
    [4, magic],
    [2, 2],
    [2, 4],
    [4, 0],
    [4, 0],
    [4, 65535],
    [4, linkType],
  ];
  const records = packets.flatMap(({ timeNs, octets, wireLength = octets.length }) => [
    fields(little, [
      [4, timeNs / 1_000_000_000n],
      [4, (timeNs % 1_000_000_000n) / BigInt(unitNs)],
      [4, octets.length],
      [4, wireLength],
    ]),
    octets,
  ]);
  return joined([fields(little, head), ...records]);
}

export interface PcapngShape {
  readonly little?: boolean;
  /** if_tsresol; undefined leaves the option out, which means microseconds. */
  readonly resolution?: number;
  readonly offsetSeconds?: bigint;
  readonly linkType?: number;
}

function block(little: boolean, type: number, body: Uint8Array): Uint8Array {
  const padding = new Uint8Array((4 - (body.length % 4)) % 4);
  const length = 12 + body.length + padding.length;
  return joined([
    fields(little, [
      [4, type],
      [4, length],
    ]),
    body,
    padding,
    fields(little, [[4, length]]),
  ]);
}

export function pcapng(packets: readonly Packet[], shape: PcapngShape = {}): Uint8Array {
  const { little = true, resolution, offsetSeconds, linkType = 1 } = shape;
  const section = block(
    little,
    0x0a0d0d0a,
    fields(little, [
      [4, 0x1a2b3c4d],
      [2, 1],
      [2, 0],
      [8, -1n],
    ]),
  );
  const options = [
    ...(resolution === undefined
      ? []
      : [
          fields(little, [
            [2, 9],
            [2, 1],
          ]),
          Uint8Array.of(resolution, 0, 0, 0),
        ]),
    ...(offsetSeconds === undefined
      ? []
      : [
          fields(little, [
            [2, 14],
            [2, 8],
            [8, offsetSeconds],
          ]),
        ]),
    fields(little, [
      [2, 0],
      [2, 0],
    ]),
  ];
  const face = block(
    little,
    1,
    joined([
      fields(little, [
        [2, linkType],
        [2, 0],
        [4, 262144],
      ]),
      ...options,
    ]),
  );
  const perSecond =
    resolution === undefined
      ? 1_000_000n
      : (resolution & 0x80) === 0
        ? 10n ** BigInt(resolution)
        : 2n ** BigInt(resolution & 0x7f);
  const records = packets.map(({ timeNs, octets, wireLength = octets.length }) => {
    const since = timeNs - (offsetSeconds ?? 0n) * 1_000_000_000n;
    const units = (since * perSecond) / 1_000_000_000n;
    const head = fields(little, [
      [4, 0],
      [4, units >> 32n],
      [4, units & 0xffffffffn],
      [4, octets.length],
      [4, wireLength],
    ]);
    return block(little, 6, joined([head, octets]));
  });
  return joined([section, face, ...records]);
}

export interface PtpShape {
  readonly type: number;
  readonly sequenceId: number;
  readonly correctionNs?: number;
  readonly isTwoStep?: boolean;
  readonly clock?: bigint;
}

export function ptpMessage({
  type,
  sequenceId,
  correctionNs = 0,
  isTwoStep = false,
  clock = 0xa1n,
}: PtpShape): Uint8Array {
  const message = new Uint8Array(HEADER_OCTETS + 20);
  writeHeader(message, type, {
    ...{ majorSdoId: 0, minorSdoId: 0, minorVersionPtp: 1, domainNumber: 0, sequenceId },
    flags: isTwoStep ? FLAG.twoStep : 0,
    correctionField: scaledNs(BigInt(Math.round(correctionNs * 65536))),
    messageTypeSpecific: 0,
    sourcePortIdentity: { clockIdentity: clock, portNumber: 1 },
    controlField: 0,
    logMessageInterval: logInterval(0),
  });
  return message;
}

const MAC = {
  destination: macAddress('01:1b:19:00:00:00'),
  source: macAddress('02:00:00:00:00:01'),
  padding: new Uint8Array(0),
};

export function ethernet(
  etherType: number,
  payload: Uint8Array,
  tags: Frame['tags'] = [],
): Uint8Array {
  return encodeFrame({ ...MAC, tags, encapsulation: { kind: 'ethernet', etherType }, payload });
}

export function udp4(payload: Uint8Array, destinationPort: number, ttl = 64): Uint8Array {
  const encapsulation = {
    kind: 'udp4',
    ...{ trafficClass: 0, ttl, identification: 7 },
    source: Uint8Array.of(10, 0, 0, 1),
    destination: Uint8Array.of(224, 0, 1, 129),
    options: new Uint8Array(0),
    udp: { sourcePort: destinationPort, destinationPort, checksum: 'valid' },
  } as const;
  return encodeFrame({ ...MAC, tags: [], encapsulation, payload });
}
