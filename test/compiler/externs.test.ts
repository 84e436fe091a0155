import { crc32 } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { compilePipeline } from '#compiler/compile';
import { bitsToHex, build, fixture, valueOf } from './harness.js';

const ETHERNET = '010203040506' + '0a0b0c0d0e0f';

/** The ones' complement checksum of hexadecimal octets, bit by bit as RFC 1071 says. */
function checksum(hex: string): number {
  const padded = hex.length % 4 === 0 ? hex : `${hex}00`;
  let sum = 0;
  for (let i = 0; i < padded.length; i += 4) {
    sum += parseInt(padded.slice(i, i + 4), 16);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return ~sum & 0xffff;
}

const hex16 = (value: number): string => value.toString(16).padStart(4, '0');

function ipv4(ttl: number, protocol: number, payload: string, sum?: number): string {
  const length = hex16(20 + payload.length / 2);
  const before = `4500${length}00014000${bitsToHex([ttl, 8], [protocol, 8])}`;
  const after = 'c0a80001c0a80002';
  return `${before}${hex16(sum ?? checksum(`${before}0000${after}`))}${after}${payload}`;
}

function udp(payload: string, isSummed: boolean): string {
  const length = hex16(8 + payload.length / 2);
  const pseudo = `c0a80001c0a800020011${length}`;
  const before = `013f013f${length}`;
  return `${before}${isSummed ? hex16(checksum(`${pseudo}${before}0000${payload}`)) : '0000'}${payload}`;
}

describe('externs', () => {
  const harness = build(fixture('externs'));
  afterAll(() => {
    harness.dispose();
  });
  const frame = (port: number, hex: string): string => `frame ${port} 5000000001 9000000002 ${hex}`;
  const plain = `${ETHERNET}88f7001122`;

  it('count frames and octets', () => {
    const lines = harness.run([frame(2, plain), frame(2, plain), frame(9, plain), 'counter 0 2']);
    expect(lines.at(-1)).toBe(`counter 2 ${plain.length}`);
  });

  it('send a digest of what was learned', () => {
    const [digest] = harness.run([frame(1, plain)]);
    const address = 0x0a0b0c0d0e0fn;
    const words = [address | (1n << 48n), 0n, (address << 80n) >> 64n];
    const { digests } = harness.layout;
    expect(digests[0]).toMatchObject({ name: 'learn_t', words: 3 });
    expect(digest).toBe(`digest 0 ${words.join(' ')}`);
    // Sent from two places, it is one digest all the same.
    expect(digests).toHaveLength(1);
    const [again] = harness.run([frame(9, plain)]);
    expect(again).toBe(`digest 0 ${0x010203040506n | (12n << 48n)} 5 0`);
  });

  it('keep registers at their width, and nothing outside of the array', () => {
    const lines = harness.run([frame(2, plain), frame(2, plain), 'register 0 3', 'register 1 2']);
    const wide = (1n << 100n) - 6n;
    expect(lines.slice(-2)).toEqual([
      `register ${(1n << 48n) - 2n} 0`,
      `register ${BigInt.asUintN(64, wide)} ${wide >> 64n}`,
    ]);
  });

  it('ask for clones, resubmission, recirculation, truncation and groups', () => {
    const [clone] = harness.run([frame(3, plain)]);
    expect(valueOf(clone, 'clone')).toBe('1:6:1');
    expect(valueOf(harness.run([frame(4, plain)])[0], 'resubmit')).toBe('1:1');
    expect(valueOf(harness.run([frame(10, plain)])[1], 'recirculate')).toBe('1:1');
    const [, group] = harness.run([frame(9, plain)]);
    expect([valueOf(group, 'truncate'), valueOf(group, 'group')]).toEqual(['41', '12']);
    // The engine makes it before the deparser.
    const [, cloned, dropped] = harness.run([frame(11, plain)]);
    expect(cloned).toBe('clone length=17 payload=14');
    expect([valueOf(dropped, 'spec'), valueOf(dropped, 'clone')]).toEqual(['511', '1:7:1']);
  });

  it('hash as the algorithms are known', () => {
    const result = (port: number): bigint =>
      BigInt(`0x${valueOf(harness.run([frame(port, plain)])[1], 'hex').slice(0, 16)}`);
    expect(result(5)).toBe(BigInt(crc32(Buffer.from(ETHERNET, 'hex'))));
    let crc = 0;
    for (const octet of Buffer.from(ETHERNET, 'hex')) {
      crc ^= octet;
      for (let bit = 0; bit < 8; bit += 1) {
        crc = (crc & 1) === 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
      }
    }
    expect(result(6)).toBe(100n + BigInt(crc % 1000));
  });

  it('draw random numbers between the limits, both of them', () => {
    const lines = harness.run(Array.from({ length: 60 }, () => frame(7, plain)));
    const drawn = new Set(
      lines
        .filter((line) => line.startsWith('out'))
        .map((line) => valueOf(line, 'hex').slice(0, 16)),
    );
    expect([...drawn].sort()).toEqual([10, 11, 12].map((n) => n.toString(16).padStart(16, '0')));
  });

  it('verify the checksum of IPv4, and only of IPv4', () => {
    const error = (hex: string): string =>
      valueOf(harness.run([frame(1, hex)])[1], 'checksum_error');
    expect(error(`${ETHERNET}0800${ipv4(64, 6, '1122')}`)).toBe('0');
    expect(error(`${ETHERNET}0800${ipv4(64, 6, '1122', 0x1234)}`)).toBe('1');
    expect(error(plain)).toBe('0');
  });

  it('update checksums over headers and payloads of any length', () => {
    for (const payload of ['', '01', '0102', '010203', '0102030405060708090a0b0c0d']) {
      for (const isSummed of [true, false]) {
        const sent = `${ETHERNET}0800${ipv4(64, 17, udp(payload, isSummed))}`;
        const wanted = `${ETHERNET}0800${ipv4(63, 17, udp(payload, isSummed))}`;
        expect(valueOf(harness.run([frame(8, sent)])[1], 'hex')).toBe(wanted);
      }
    }
  });

  it('hand the deferred correction to the engine', () => {
    const [, sent] = harness.run([frame(8, `${ETHERNET}0800${ipv4(64, 17, udp('01', true))}`)]);
    const asked = ['start', 'correction', 'checksum'].map((name) => valueOf(sent, name));
    expect(asked).toEqual(['5000000001', '22', '40']);
  });

  it('ask for TX events, and run again over the frame that they left', () => {
    const [, sent, event, dropped] = harness.run([
      frame(12, plain),
      `event 3 ${0x0102030405060708n} ${0xfffe_0000_1234_5678n}`,
      'event 254 0 0',
    ]);
    const asked = (line: string | undefined): string[] =>
      ['start', 'correction', 'rate', 'event', 'wait'].map((name) => valueOf(line, name));
    expect(asked(sent)).toEqual(['5000000001', '22', '-5', '3', '0']);
    expect(valueOf(sent, 'hex')).toBe(plain);
    // What the first pass asked for is not asked for again; what it left is still there.
    expect(asked(event)).toEqual(['5000000001', '22', '0', '0', '4000000000']);
    expect(valueOf(event, 'hex')).toBe(
      `${'fffe000012345678'}030405060708${'00'.repeat(5)}0788f7001122`,
    );
    expect(valueOf(dropped, 'spec')).toBe('511');
  });
});

describe('the header that is bound to the engine', () => {
  const withField = (name: string, bits: number): string => {
    const json = JSON.parse(fixture('externs')) as {
      header_types: { name: string; fields: [string, number, boolean][] }[];
    };
    const type = json.header_types.find((item) => item.name === 'timeplane_intrinsic_t');
    type?.fields.push([name, bits, false]);
    return JSON.stringify(json);
  };
  const messageOf = (json: string): string | undefined => {
    const result = compilePipeline(json);
    return result.ok ? undefined : result.errors[0]?.message;
  };

  it('may not have fields that the engine does not know, nor of other widths', () => {
    expect(messageOf(withField('transmit_power', 8))).toContain('"transmit_power"');
    expect(
      messageOf(fixture('externs').replace('"event_time_ns", 48', '"event_time_ns", 64')),
    ).toBe('"event_time_ns" of timeplane_intrinsic_t has 64 bits; the engine binds 48');
    expect(messageOf(withField('_padding', 8))).toBeUndefined();
  });
});
