/**
 * Our protos against octets written by hand from the specification's field numbers, so that a
 * number that slips is seen without any other implementation at hand.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyPack, anyUnpack } from '@bufbuild/protobuf/wkt';
import { StatusSchema } from '#protos/google/rpc/status_pb';
import { MatchField_MatchType, P4Ids_Prefix, P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import { P4TypeInfoSchema } from '#protos/p4/config/v1/p4types_pb';
import { P4DataSchema } from '#protos/p4/v1/p4data_pb';
import {
  CapabilitiesResponseSchema,
  ErrorSchema,
  SdnPort,
  StreamMessageRequestSchema,
  StreamMessageResponseSchema,
  Update_Type,
  WriteRequestSchema,
} from '#protos/p4/v1/p4runtime_pb';
import { describe, expect, it } from 'vitest';

const VARINT = 0;
const LENGTH = 2;

/** A varint of protobuf: seven bits an octet, least significant first. */
function varint(value: bigint): number[] {
  const rest = value >> 7n;
  const low = Number(value & 0x7fn);
  return rest === 0n ? [low] : [low | 0x80, ...varint(rest)];
}

const tag = (field: number, wireType: number): number[] => varint(BigInt(field * 8 + wireType));
const num = (field: number, value: bigint): number[] => [...tag(field, VARINT), ...varint(value)];
const len = (field: number, ...parts: number[][]): number[] => {
  const content = parts.flat();
  return [...tag(field, LENGTH), ...varint(BigInt(content.length)), ...content];
};
const text = (field: number, value: string): number[] => len(field, [...Buffer.from(value)]);
const octets = (...parts: number[][]): Uint8Array => Uint8Array.from(parts.flat());

describe('p4/v1/p4runtime on the wire', () => {
  const write = octets(
    num(1, 7n), // device_id
    len(3, num(1, 2n ** 63n), num(2, 5n)), // election_id: 64 bits unsigned
    len(
      4, // updates
      num(1, 3n), // DELETE
      len(
        2, // entity
        len(
          2, // table_entry
          num(1, 0x02000001n),
          len(2, num(1, 1n), len(4, len(1, [10, 0]), num(2, 8n))), // match: lpm 4
          len(2, num(1, 2n), len(3, len(1, [1]), len(2, [3]))), // match: ternary 3
          len(2, num(1, 3n), len(6, len(1, [1]), len(2, [9]))), // match: range 6
          len(2, num(1, 4n), len(7, len(1, [1]))), // match: optional 7
          len(2, num(1, 5n), len(2, len(1, [1]))), // match: exact 2
          len(3, len(1, num(1, 0x01000001n), len(4, num(2, 1n), len(3, [255])))), // action
          num(4, 10n), // priority
          len(7, num(1, 100n), num(2, 1n)), // counter_data
          num(8, 1n), // is_default_action
          num(9, 5n), // idle_timeout_ns
          len(11, [1]), // metadata
          num(13, 1n), // is_const
        ),
      ),
    ),
    num(5, 1n), // ROLLBACK_ON_ERROR
    text(6, 'r'), // role
  );

  it('reads a WriteRequest as the specification numbers it', () => {
    const request = fromBinary(WriteRequestSchema, write);
    expect(request.deviceId).toBe(7n);
    expect(request.electionId).toMatchObject({ high: 2n ** 63n, low: 5n });
    expect(request.role).toBe('r');
    const update = request.updates[0];
    expect(update?.type).toBe(Update_Type.DELETE);
    expect(update?.entity?.entity.case).toBe('tableEntry');
    if (update?.entity?.entity.case !== 'tableEntry') return;
    const entry = update.entity.entity.value;
    expect(entry.match.map(({ fieldMatchType }) => fieldMatchType.case)).toEqual([
      'lpm',
      'ternary',
      'range',
      'optional',
      'exact',
    ]);
    expect(entry).toMatchObject({
      tableId: 0x02000001,
      priority: 10,
      isDefaultAction: true,
      isConst: true,
      idleTimeoutNs: 5n,
      counterData: { byteCount: 100n, packetCount: 1n },
    });
  });

  it('writes the same octets again', () => {
    expect(toBinary(WriteRequestSchema, fromBinary(WriteRequestSchema, write))).toEqual(write);
  });

  it('reads what a client sends on the stream', () => {
    const messages: [string, number[]][] = [
      ['arbitration', len(1, num(1, 1n), len(2, text(3, 'role')), len(3, num(2, 9n)))],
      ['packet', len(2, len(1, [1, 2]), len(2, num(1, 1n), len(2, [3])))],
      ['digestAck', len(3, num(1, 0x17000001n), num(2, 4n))],
      ['other', len(4, text(1, 'x/y'))],
    ];
    for (const [name, message] of messages) {
      const read = fromBinary(StreamMessageRequestSchema, octets(message));
      expect(read.update.case).toBe(name);
      expect(read.$unknown).toBeUndefined();
      expect(toBinary(StreamMessageRequestSchema, read)).toEqual(octets(message));
    }
  });

  it('reads what a server sends on the stream', () => {
    const messages: [string, number[]][] = [
      ['arbitration', len(1, num(1, 1n), len(4, num(1, 6n)))],
      ['packet', len(2, len(1, [1, 2]))],
      ['digest', len(3, num(1, 2n), num(2, 3n), len(3, len(5, len(1, len(1, [7])))), num(4, 5n))],
      ['idleTimeoutNotification', len(4, len(1, num(1, 1n)), num(2, 5n))],
      ['other', len(5, text(1, 'x/y'))],
      ['error', len(6, num(1, 3n), text(2, 'm'), text(3, 's'), num(4, 1n), len(5, len(1)))],
    ];
    for (const [name, message] of messages) {
      const read = fromBinary(StreamMessageResponseSchema, octets(message));
      expect(read.update.case).toBe(name);
      expect(toBinary(StreamMessageResponseSchema, read)).toEqual(octets(message));
    }
  });

  it('numbers the SDN ports as 32-bit two’s complement', () => {
    expect(SdnPort.CPU >>> 0).toBe(0xfffffffd);
    expect(SdnPort.RECIRCULATE >>> 0).toBe(0xfffffffa);
    expect(SdnPort.MAX >>> 0).toBe(0xfffffeff);
  });

  it('answers Capabilities with the version in field 1', () => {
    expect(
      toBinary(
        CapabilitiesResponseSchema,
        create(CapabilitiesResponseSchema, { p4runtimeApiVersion: '1.5.0' }),
      ),
    ).toEqual(octets(text(1, '1.5.0')));
  });
});

describe('google/rpc/status on the wire', () => {
  it('carries p4.v1.Error in Any', () => {
    const error = create(ErrorSchema, { canonicalCode: 5, message: 'no', space: 'ALL', code: 1 });
    const status = create(StatusSchema, { code: 2, details: [anyPack(ErrorSchema, error)] });
    expect(toBinary(StatusSchema, status)).toEqual(
      octets(
        num(1, 2n),
        len(
          3,
          text(1, 'type.googleapis.com/p4.v1.Error'),
          len(2, num(1, 5n), text(2, 'no'), text(3, 'ALL'), num(4, 1n)),
        ),
      ),
    );
    expect(status.details[0] && anyUnpack(status.details[0], ErrorSchema)).toEqual(error);
  });
});

describe('p4/config/v1 on the wire', () => {
  it('reads a table of a P4Info', () => {
    const info = fromBinary(
      P4InfoSchema,
      octets(
        len(
          2,
          len(1, num(1, 0x02000001n), text(2, 'ingress.t'), text(3, 't')),
          len(2, num(1, 1n), text(2, 'f'), num(4, 48n), num(5, 4n)),
          len(3, num(1, 0x01000001n), num(3, 2n)),
          num(4, 0x01000001n),
          num(7, 5n),
          num(8, 1024n),
          num(9, 1n),
          num(10, 1n),
          num(11, 1n),
        ),
      ),
    );
    expect(info.tables[0]).toMatchObject({
      preamble: { id: 0x02000001, name: 'ingress.t', alias: 't' },
      matchFields: [
        { id: 1, bitwidth: 48, match: { case: 'matchType', value: MatchField_MatchType.TERNARY } },
      ],
      directResourceIds: [5],
      size: 1024n,
      isConstTable: true,
      hasInitialEntries: true,
    });
    expect(P4Ids_Prefix.DIGEST).toBe(0x17);
  });

  it('reads the types that a digest refers to', () => {
    const types = fromBinary(
      P4TypeInfoSchema,
      octets(
        len(1, text(1, 's_t'), len(2, len(1, text(1, 'port'), len(2, len(1, len(1, num(1, 9n))))))),
      ),
    );
    expect(types.structs['s_t']?.members[0]).toMatchObject({
      name: 'port',
      typeSpec: {
        typeSpec: {
          case: 'bitstring',
          value: { typeSpec: { case: 'bit', value: { bitwidth: 9 } } },
        },
      },
    });
  });
});

describe('p4/v1/p4data on the wire', () => {
  it('reads a struct of bitstrings', () => {
    const data = fromBinary(P4DataSchema, octets(len(5, len(1, len(1, [7])), len(1, len(1, [8])))));
    expect(data.data.case).toBe('struct');
    expect(fromBinary(P4DataSchema, octets(num(3, 1n))).data).toEqual({
      case: 'bool',
      value: true,
    });
  });
});
