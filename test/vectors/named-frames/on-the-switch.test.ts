/** The named frames on the program itself: one by one, and all of them in a storm. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hex } from '#lab/bench/frames';
import { Random } from '#lab/bench/random';
import { frameOf, sync } from '../messages.js';
import { ReferenceClock } from '../reference-clock/clock.js';
import { type Program, VirtualSwitch } from '../virtual-switch.js';
import { GROUPS, NAMED_FRAMES } from './all.js';
import { CROWDED, PLACES } from './crowded-switch.js';
import { APART_NS, STAY_NS, alone, brokenPromise, cellNamed } from './expected.js';

const seed = Number(process.env['TIMEPLANE_SEED'] ?? 0x1588);
const STORM_ROUNDS = 20;

const PROGRAMS: readonly (readonly [Program, bigint])[] = [
  ['main_native', 1n],
  ['main_bmv2', 1000n],
];

describe.each(PROGRAMS)('%s and the named frames', (program) => {
  let device: VirtualSwitch;
  let nowNs = 0n;
  beforeAll(async () => {
    device = await VirtualSwitch.open(program, CROWDED);
  });
  afterAll(() => {
    device.close();
  });

  describe.each(GROUPS)('%s', (_, frames) => {
    it.each(frames)('$name: $fate', (one) => {
      // What still waited of the last one is over.
      nowNs += APART_NS;
      device.runUntil(nowNs);
      const cell = cellNamed(one);
      const before = cell === null ? 0n : countedIn(device, cell);
      const sent = device.pass(PLACES[one.place], one.frame, nowNs, nowNs + STAY_NS);
      expect(brokenPromise(one, sent)).toBeNull();
      if (cell !== null) expect(countedIn(device, cell), cell).toBe(before + 1n);
      if (one.fate === 'answered') return; // Its times are those of this run: see the storm.
      const { left } = alone(one);
      expect(sent.map((out) => `${out.port}:${hex(out.frame)}`)).toEqual(
        left.map((out) => `${out.port}:${hex(out.frame)}`),
      );
    });
  });
});

function countedIn(device: VirtualSwitch, cell: string): bigint {
  const [, array = '', index = ''] = /^(.*)\[(\d+)\]$/.exec(cell) ?? [];
  return device.counted(array, Number(index));
}

describe.each(PROGRAMS)(`%s in a storm of them (seed ${seed})`, (program, tickNs) => {
  it('does for every frame what the reference does, and good frames stay right', async () => {
    const random = new Random(seed);
    const device = await VirtualSwitch.open(program, CROWDED);
    // main_bmv2 waits by going round, which takes no time here: the engine ends the loop.
    const clock = new ReferenceClock(CROWDED, tickNs, program === 'main_native');
    const wrong: unknown[] = [];
    let nowNs = 1_000_000_000n;
    const play = (name: string, port: number, octets: Uint8Array): void => {
      // Sometimes at once, sometimes after all patience: whole ticks of either clock.
      nowNs += BigInt(1 + random.next(random.next(8) === 0 ? 20_000 : 20)) * 1000n;
      const late = device.runUntil(nowNs);
      const txNs = nowNs + BigInt(random.next(50)) * 1000n;
      const expected = clock.receive(port, octets, nowNs, txNs);
      const sent = [...late, ...device.pass(port, octets, nowNs, txNs)];
      const text = (all: typeof expected): string[] =>
        all.map((out) => `${out.port}:${hex(out.frame)}`);
      if (text(sent).join() !== text(expected).join()) {
        wrong.push({ name, got: text(sent), expected: text(expected) });
      }
      nowNs = txNs;
    };
    for (let count = STORM_ROUNDS * NAMED_FRAMES.length; count > 0; count--) {
      const one = NAMED_FRAMES[random.next(NAMED_FRAMES.length)];
      if (one !== undefined) play(one.name, PLACES[one.place], one.frame);
      const good = sync({ sequenceId: count & 0xffff });
      if (count % 4 === 0) play('a good Sync', PLACES.plain, frameOf(good, { transport: 'ipv4' }));
    }
    nowNs += APART_NS;
    device.runUntil(nowNs);
    clock.passTime(nowNs);
    const counters = device.counters();
    device.close();
    expect(wrong.slice(0, 2), `${wrong.length} are wrong`).toEqual([]);
    expect(counters).toEqual(clock.counts);
  }, 60_000);
});
