import { describe, expect, it } from 'vitest';
import { CaptureReader } from '#lab/measure/capture/capture-reader';
import type { CapturedFrame } from '#lab/measure/capture/capture-types';
import { packetIdentity } from '#lab/measure/capture/packet-identity';
import { ResidenceMeter, type ResidenceResult } from '#lab/measure/capture/residence';
import { randomStream } from '#lab/sim/random';
import { MESSAGE_TYPE } from '#wire/ptp-header';
import {
  at,
  ethernet,
  pcap,
  pcapng,
  ptpMessage,
  udp4,
  type Packet,
  type PtpShape,
} from './build-captures.js';

function read(file: Uint8Array, piece = file.length) {
  const frames: CapturedFrame[] = [];
  const reader = new CaptureReader((frame) => {
    frames.push({ ...frame, octets: frame.octets.slice() });
  });
  for (let from = 0; from < file.length; from += piece) {
    reader.push(file.subarray(from, from + piece));
  }
  reader.end();
  return { frames, problem: reader.problem, info: reader.info };
}

const PTP = 0x88f7;
const three: Packet[] = [
  { timeNs: at(1), octets: ethernet(PTP, ptpMessage({ type: 0, sequenceId: 1 })) },
  { timeNs: at(1_000_000_007), octets: Uint8Array.of(1, 2, 3), wireLength: 1500 },
  { timeNs: at(2_000_000_999), octets: ethernet(0x0806, new Uint8Array(46)) },
];
const summary = (frames: readonly CapturedFrame[]) =>
  frames.map(({ timeNs, octets }) => ({ timeNs, octets }));
const wanted = summary(
  three.map((packet, i) => ({ ...packet, number: i, wireLength: 0, linkType: 1 })),
);

describe('a capture', () => {
  it.each([
    ['pcap, ns', pcap(three), 1],
    ['pcap, ns, big-endian', pcap(three, { little: false }), 1],
    ['pcapng, 10^-9 s', pcapng(three, { resolution: 9 }), 1],
    ['pcapng, 10^-9 s, big-endian', pcapng(three, { resolution: 9, little: false }), 1],
    ['pcapng with an offset', pcapng(three, { resolution: 9, offsetSeconds: 1_795_000_000n }), 1],
    ['pcapng, finer than we count', pcapng(three, { resolution: 10 }), 1],
  ])('%s: is read to the nanosecond', (_, file, resolutionNs) => {
    const { frames, problem, info } = read(file);
    expect(problem).toBeNull();
    expect(summary(frames)).toEqual(wanted);
    expect(frames.map(({ number, wireLength }) => [number, wireLength])).toEqual([
      [1, three[0]?.octets.length],
      [2, 1500],
      [3, three[2]?.octets.length],
    ]);
    expect(info?.resolutionNs).toBe(resolutionNs);
  });

  it.each([
    ['pcap', pcap(three, { unitNs: 1000 })],
    ['pcapng without a resolution', pcapng(three)],
  ])('%s in microseconds says that it is', (_, file) => {
    const { frames, info } = read(file);
    expect(info?.resolutionNs).toBe(1_000);
    expect(frames.map(({ timeNs }) => timeNs)).toEqual(
      three.map(({ timeNs }) => (timeNs / 1000n) * 1000n),
    );
  });

  it.each([1, 7, 100])('may come in pieces of %i octets', (piece) => {
    for (const file of [pcap(three), pcapng(three, { resolution: 9 })]) {
      expect(summary(read(file, piece).frames)).toEqual(wanted);
    }
  });

  it.each([
    ['pcap', pcap(three)],
    ['pcapng', pcapng(three, { resolution: 9 })],
  ])('%s that is cut anywhere keeps its whole frames, and says where it ends', (_, file) => {
    let ends = 0;
    for (let length = 1; length < file.length; length += 1) {
      const { frames, problem } = read(file.subarray(0, length));
      expect(summary(frames)).toEqual(wanted.slice(0, frames.length));
      if (problem === null) {
        ends += 1;
        continue;
      }
      expect(problem.octet).toBeLessThanOrEqual(length);
      if (length < 24) continue;
      expect(problem).toMatchObject({ code: 'cut', frame: frames.length + 1 });
      expect(problem.message).toMatch(/ends after \d+ of \d+ octets/);
    }
    // Between blocks it may end: behind the header and each frame but the last; pcapng has two headers.
    expect(ends).toBeLessThanOrEqual(4);
  });

  it('that has a length that is none is read up to it', () => {
    const file = pcap(three);
    const second = 24 + 16 + (three[0]?.octets.length ?? 0);
    new DataView(file.buffer).setUint32(second + 8, 0x7fffffff, true);
    expect(read(file)).toMatchObject({
      frames: [{ number: 1 }],
      problem: { code: 'corrupt', frame: 2, octet: second + 8, field: 'captured length' },
    });
  });

  it('is no log and no picture', () => {
    const text = Uint8Array.from('ptp4l[1.0]: master offset', (letter) => letter.charCodeAt(0));
    expect(read(text).problem).toMatchObject({ code: 'not-a-capture', octet: 0 });
    expect(read(text).problem?.message).toContain('70 74 70 34');
    expect(read(new Uint8Array(0)).problem?.message).toBe('the file is empty');
  });

  it('never takes us down, whatever its octets are (seed 8)', () => {
    const random = randomStream(8, 'captures');
    for (const whole of [pcap(three), pcapng(three, { resolution: 9 })]) {
      for (let turn = 0; turn < 500; turn += 1) {
        const file = whole.slice();
        for (let change = 0; change < 3; change += 1) {
          file[Math.floor(random.uniform() * file.length)] = Math.floor(random.uniform() * 256);
        }
        const { frames } = read(file, 40);
        expect(frames.length).toBeLessThan(file.length / 16);
        for (const frame of frames) packetIdentity(frame, 128);
      }
    }
  });
});

const identityOf = (octets: Uint8Array, linkType = 1) =>
  packetIdentity({ number: 1, timeNs: 0n, wireLength: octets.length, octets, linkType }, 128);

describe('a packet', () => {
  const sync = ptpMessage({ type: 0, sequenceId: 5 });

  it('is the same with another correctionField, address, tag, TTL and checksum', () => {
    const corrected = ptpMessage({ type: 0, sequenceId: 5, correctionNs: 1234.5 });
    const tag = { tpid: 0x8100, priority: 7, dropEligible: false, vlan: 10 };
    const key = identityOf(ethernet(PTP, sync))?.key;
    expect(identityOf(ethernet(PTP, corrected))?.key).toBe(key);
    expect(identityOf(ethernet(PTP, corrected, [tag, tag]))?.key).toBe(key);
    expect(identityOf(udp4(corrected, 319))?.key).toBe(key);
    expect(identityOf(udp4(sync, 319, 63))?.key).toBe(key);
    const moved = ethernet(PTP, sync);
    moved.set([2, 0, 0, 0, 0, 9], 6);
    expect(identityOf(moved)?.key).toBe(key);
  });

  it('is another one with another sequenceId, type or clock', () => {
    const keys = [
      { type: 0, sequenceId: 5 },
      { type: 0, sequenceId: 6 },
      { type: 8, sequenceId: 5 },
      { type: 0, sequenceId: 5, clock: 0xa2n },
    ].map((shape) => identityOf(ethernet(PTP, ptpMessage(shape)))?.key);
    expect(new Set(keys).size).toBe(4);
  });

  it('of any other kind is told by what it carries, padding or not', () => {
    const data = Uint8Array.of(1, 2, 3, 4);
    const key = identityOf(udp4(data, 5000))?.key;
    expect(identityOf(udp4(data, 5000, 63))?.key).toBe(key);
    expect(identityOf(udp4(Uint8Array.of(1, 2, 3, 5), 5000))?.key).not.toBe(key);
    const padded = Uint8Array.of(...udp4(data, 5000), 0, 0, 0, 0);
    expect(identityOf(padded)?.key).toBe(key);
    expect(identityOf(ethernet(0x0806, Uint8Array.of(7, 7)))?.key).toBe(
      identityOf(ethernet(0x0806, Uint8Array.of(7, 7, 0, 0, 0)))?.key,
    );
  });

  it('is found behind Linux’s cooked headers and without any', () => {
    const ip = udp4(sync, 319).subarray(14);
    const key = identityOf(udp4(sync, 319))?.key;
    expect(identityOf(ip, 101)?.key).toBe(key);
    const cooked = new Uint8Array(16 + ip.length);
    cooked.set([8, 0], 14);
    cooked.set(ip, 16);
    expect(identityOf(cooked, 113)?.key).toBe(key);
    const second = new Uint8Array(20 + ip.length);
    second.set([8, 0], 0);
    second.set(ip, 20);
    expect(identityOf(second, 276)?.key).toBe(key);
    expect(identityOf(ip, 147)).toBeNull();
    expect(identityOf(Uint8Array.of(1, 2))).toBeNull();
  });

  it('of PTP whose rest is cut off is still known by its header', () => {
    const whole = identityOf(ethernet(PTP, sync))?.key;
    expect(identityOf(ethernet(PTP, sync).subarray(0, 14 + 34))?.key).toBe(whole);
  });
});

interface Seen extends PtpShape {
  readonly ns: number;
}

/** Both captures merged by time, entries first. */
function measure(
  before: readonly Seen[],
  behind: readonly Seen[],
  longestNs = 1_000_000_000n,
): ResidenceResult {
  const meter = new ResidenceMeter({ longestNs });
  const all = [
    ...before.map((seen) => ({ seen, isIn: true })),
    ...behind.map((seen) => ({ seen, isIn: false })),
  ].sort((a, b) => a.seen.ns - b.seen.ns);
  for (const { seen, isIn } of all) {
    const identity = identityOf(ethernet(PTP, ptpMessage(seen)));
    if (isIn) meter.enters(identity, at(seen.ns));
    else meter.exits(identity, at(seen.ns));
  }
  return meter.result();
}

const { sync, followUp, delayReq } = MESSAGE_TYPE;

describe('residence', () => {
  it('is from one capture to the other, beside what the correctionField says', () => {
    const found = measure(
      [
        { ns: 0, type: sync, sequenceId: 1, correctionNs: 10 },
        { ns: 1_000, type: sync, sequenceId: 2 },
      ],
      [
        { ns: 700, type: sync, sequenceId: 1, correctionNs: 705.5 },
        { ns: 1_900, type: sync, sequenceId: 2, correctionNs: 900 },
      ],
    );
    expect([...found.residenceNs]).toEqual([700, 900]);
    expect([...found.correctionNs]).toEqual([695.5, 900]);
    expect([...found.timeSeconds]).toEqual([0, 1e-6]);
    expect(found.counts).toEqual({
      ...{ framesIn: 2, framesOut: 2, matched: 2, onlyIn: 0, onlyOut: 0, backwards: 0, unknown: 0 },
    });
  });

  it('of a two-step Sync is corrected in its Follow_Up, made there or passed on', () => {
    const twoStep = { isTwoStep: true, type: sync };
    const found = measure(
      [
        { ns: 0, sequenceId: 1, ...twoStep },
        { ns: 100, sequenceId: 1, type: followUp, correctionNs: 3 },
        { ns: 1_000, sequenceId: 2, type: sync },
        { ns: 2_000, sequenceId: 3, ...twoStep },
      ],
      [
        { ns: 500, sequenceId: 1, ...twoStep },
        { ns: 600, sequenceId: 1, type: followUp, correctionNs: 503 },
        { ns: 1_400, sequenceId: 2, ...twoStep },
        { ns: 1_500, sequenceId: 2, type: followUp, correctionNs: 401 },
        { ns: 2_500, sequenceId: 3, ...twoStep },
      ],
    );
    const syncs = [...found.messageType.keys()].filter((i) => found.messageType[i] === sync);
    expect(syncs.map((i) => found.residenceNs[i])).toEqual([500, 400, 500]);
    // The last one's Follow_Up never came.
    expect(syncs.map((i) => found.correctionNs[i])).toEqual([500, 401, Number.NaN]);
  });

  it('counts what is lost, what is new, and what goes the other way', () => {
    const found = measure(
      [
        { ns: 0, type: sync, sequenceId: 1 },
        { ns: 5_000, type: delayReq, sequenceId: 9 },
        { ns: 5_000_000_000, type: sync, sequenceId: 2 },
      ],
      [
        { ns: 4_000, type: delayReq, sequenceId: 9 },
        { ns: 6_000, type: sync, sequenceId: 77 },
        { ns: 5_000_000_100, type: sync, sequenceId: 2 },
      ],
    );
    expect(found.counts).toEqual({
      ...{ framesIn: 3, framesOut: 3, matched: 1, onlyIn: 1, onlyOut: 2, backwards: 1, unknown: 0 },
    });
  });

  it('does not take a packet for one that left long ago', () => {
    const found = measure(
      [{ ns: 0, type: sync, sequenceId: 1 }],
      [{ ns: 2_000_000_000, type: sync, sequenceId: 1 }],
    );
    expect(found.counts).toMatchObject({ matched: 0, onlyIn: 1, onlyOut: 1 });
  });

  it('gives equal packets out in the order in which they came in', () => {
    const found = measure(
      [0, 10, 20].map((ns) => ({ ns, type: sync, sequenceId: 1 })),
      [100, 111, 122].map((ns) => ({ ns, type: sync, sequenceId: 1 })),
    );
    expect([...found.residenceNs]).toEqual([100, 101, 102]);
  });
});
