/** Packet-outs and packet-ins by the names of the P4Info. */
import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { PUNT_REASON } from '#dataplane/program';
import type { PacketMetadata } from '#p4rt/entities';
import { PacketInSchema } from '#protos/p4/v1/p4runtime_pb';
import { buildOwnFrame, peerDelayGroup } from '#runtime/ptp/own-frames';
import { PacketIo } from '#runtime/ptp/packet-io';
import { macAddress } from '#units/identity';
import { instant, logInterval, scaledNs } from '#units/time';
import { encodeMessage } from '#wire/ptp-message';
import { programIndex } from '../../support/program.js';

const own = { mac: macAddress('02:00:00:00:00:01'), ipv4: 0n, ipv6: 0n };
const NOBODY = { onTime: () => undefined, onMissing: () => undefined };

function request(sequenceId: number): Uint8Array {
  const message = encodeMessage({
    kind: 'pdelayReq',
    header: {
      majorSdoId: 0,
      minorVersionPtp: 1,
      domainNumber: 0,
      minorSdoId: 0,
      flags: 0,
      correctionField: scaledNs(0n),
      messageTypeSpecific: 0,
      sourcePortIdentity: { clockIdentity: 1n, portNumber: 1 },
      sequenceId,
      controlField: 5,
      logMessageInterval: logInterval(0x7f),
    },
    tlvs: [],
    originTimestamp: instant(0n),
  });
  const destination = peerDelayGroup('ethernet');
  return buildOwnFrame({
    own,
    transport: 'ethernet',
    destination,
    messageClass: 'event',
    message,
  });
}

function packetIo(takes: () => boolean = () => true) {
  const sent: PacketMetadata[][] = [];
  const time = { nowNs: 0n };
  const packets = new PacketIo({
    index: programIndex(),
    send: (_payload, metadata) => {
      if (takes()) sent.push(metadata);
      return takes();
    },
    now: () => instant(time.nowNs),
  });
  return { packets, sent, time };
}

const values = (metadata: PacketMetadata[] | undefined) =>
  metadata?.map(({ metadataId, value }) => [metadataId, ...value]);

describe('a packet-out', () => {
  it('to a port has every field of the P4Info', () => {
    const { packets, sent } = packetIo();
    expect(packets.send(300, request(0))).toBe(true);
    expect(values(sent[0])).toEqual([
      [1, 1, 44],
      [3, 0],
      [4, 0],
      [5, 0],
      [6, 0],
    ]);
  });

  it('to a group is stamped', () => {
    const { packets, sent } = packetIo();
    packets.sendStamped(0x123, request(0));
    expect(values(sent[0])).toEqual([
      [1, 0],
      [3, 1, 0x23],
      [4, 0],
      [5, 1],
      [6, 0],
    ]);
  });

  it('that the session does not take is counted, and waits for no time', () => {
    const { packets } = packetIo(() => false);
    expect(packets.sendForTime(1, request(0), NOBODY)).toBe(false);
    expect(packets.counters).toMatchObject({ sent: 0, notSent: 1, transmitTimes: { asked: 0 } });
  });

  it('is refused when a thousand transmit times are outstanding, until some are over', () => {
    const { packets, sent, time } = packetIo();
    const outcomes = Array.from({ length: 1_100 }, (_, i) =>
      packets.sendForTime(1, request(i), NOBODY),
    );
    expect(outcomes.filter(Boolean)).toHaveLength(1_024);
    expect(sent).toHaveLength(1_024);
    expect(packets.counters.transmitTimes).toMatchObject({ asked: 1_024, refused: 76 });
    time.nowNs = 3_000_000_000n;
    packets.expire();
    expect(packets.counters.transmitTimes.missing).toBe(1_024);
    expect(packets.sendForTime(1, request(2_000), NOBODY)).toBe(true);
  });
});

describe('a packet-in', () => {
  const received = (...fields: [number, Uint8Array][]) =>
    create(PacketInSchema, {
      payload: request(0),
      metadata: fields.map(([metadataId, value]) => ({ metadataId, value })),
    });

  it('has its time with all its bits', () => {
    const { packets } = packetIo();
    const packet = packets.receive(
      received([1, Uint8Array.of(7)], [2, Uint8Array.of(65)], [3, new Uint8Array(8).fill(0xee)]),
    );
    expect(packet).toMatchObject({ port: 7, reason: 65, receiveTimeNs: 0xeeee_eeee_eeee_eeeen });
  });

  it('that does not fit the P4Info is counted', () => {
    const { packets } = packetIo();
    const seven = Uint8Array.of(7);
    expect(packets.receive(received())).toBeNull();
    expect(packets.receive(received([1, seven], [2, seven]))).toBeNull();
    const wide = new Uint8Array(9).fill(1);
    expect(packets.receive(received([1, seven], [2, seven], [3, wide]))).toBeNull();
    expect(packets.receive(received([1, seven], [2, new Uint8Array(0)], [3, seven]))).toBeNull();
    expect(packets.counters).toMatchObject({ received: 4, undecodable: 4 });
  });

  it('of a transmit time without a PTP message is counted, and nobody hears of it', () => {
    const { packets } = packetIo();
    const packet = packets.receive(
      received(
        [1, Uint8Array.of(1)],
        [2, Uint8Array.of(PUNT_REASON.txEvent)],
        [3, Uint8Array.of(9)],
      ),
    );
    if (packet === null) throw new Error('not decoded');
    for (let end = 0; end < packet.octets.length; end += 1) {
      expect(packets.claim({ ...packet, octets: packet.octets.subarray(0, end) })).toBe(true);
    }
    const { undecodable, transmitTimes } = packets.counters;
    expect(transmitTimes.claimed).toBe(0);
    expect(undecodable + transmitTimes.unknown).toBe(packet.octets.length);
  });
});
