import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench, frameTo, must } from './harness.js';

let bench: Bench;

const STORM = { port: 1, destination: 7 } as const;
const OTHER = { port: 2, destination: 8 } as const;
const SINK = 3;
const BURST = 32;
/** So many frames of a flooded port are under way at most while another port has traffic. */
const SHARE = 8;
const SECOND_NS = 1_000_000_000n;

beforeEach(async () => {
  bench = (await Bench.open(5)).at(SECOND_NS);
  bench.on(STORM.destination, 'forward', SINK);
  bench.on(OTHER.destination, 'forward', SINK);
});
afterEach(() => {
  bench.close();
});

/** One round of the packet loop. */
const round = () => must(bench.engine.step());

const blow = (frames: number): void => {
  for (let i = 0; i < frames; i++) bench.receive(STORM.port, frameTo(STORM.destination));
};

const hear = (): void => {
  bench.receive(OTHER.port, frameTo(OTHER.destination));
};

/** Whose frames have left by a port since it was last looked at, in order. */
const left = (port = SINK): string =>
  bench
    .sent(port)
    .map(({ frame }) => (frame[5] === OTHER.destination ? 'o' : 's'))
    .join('');

describe('a port that is flooded', () => {
  it('sends whole bursts while it is alone', () => {
    blow(100);
    round();
    expect(left()).toBe('s'.repeat(BURST));
    round();
    expect(left()).toBe('s'.repeat(BURST));
  });

  it('keeps the first frame of another port waiting for one burst at most', () => {
    blow(100);
    round();
    hear();
    round();
    expect(left()).toBe('s'.repeat(BURST) + 'o' + 's'.repeat(SHARE));
  });

  it('has a share while another port has traffic, and is never ahead of it', () => {
    hear();
    blow(500);
    round();
    left();
    for (let i = 0; i < 20; i++) {
      round();
      hear();
      round();
      expect(left()).toBe('s'.repeat(SHARE) + 'o' + 's'.repeat(SHARE));
    }
  });

  it.each([1, 2, 3])('waits for a frame of a lower port as for one of a higher', (frames) => {
    // Ports are looked at in the order that they were added: the other one comes first here.
    const [other, storm] = [STORM.port, OTHER.port];
    bench.receive(other, frameTo(OTHER.destination)).settle();
    left();
    for (let i = 0; i < 100; i++) bench.receive(storm, frameTo(STORM.destination));
    round();
    for (let i = 0; i < frames; i++) bench.receive(other, frameTo(OTHER.destination));
    round();
    expect(left().slice(SHARE)).toBe('o'.repeat(frames) + 's'.repeat(SHARE));
  });

  it('has it for four seconds after the other port’s last frame', () => {
    hear();
    blow(200);
    round();
    left();
    bench.at(4n * SECOND_NS);
    round();
    expect(left()).toBe('s'.repeat(SHARE));
    bench.at(5n * SECOND_NS);
    round();
    expect(left()).toBe('s'.repeat(BURST));
  });

  it('has whole bursts again when the others are flooded too', () => {
    hear();
    blow(300);
    round();
    for (let i = 0; i < 300; i++) hear();
    round();
    left();
    round();
    expect(left()).toBe('s'.repeat(BURST) + 'o'.repeat(BURST));
  });

  it('loses none of its frames by it', () => {
    hear();
    blow(1000);
    bench.settle();
    expect(left()).toHaveLength(1001);
  });
});

describe('a flood that is copied', () => {
  it('has a share by its copies', () => {
    const copies = [3, 4, 5];
    must(
      bench.engine.multicastGroupSet(
        9,
        copies.map((port) => ({ port, instance: 0 })),
      ),
    );
    bench.on(0x20, 'flood', 9);
    hear();
    bench.settle();
    left();
    for (let i = 0; i < 100; i++) bench.receive(STORM.port, frameTo(0x20));
    round();
    for (const port of copies) left(port);
    hear();
    round();
    // Six frames are eighteen copies, the first number that is not below sixteen.
    expect(left(SINK)).toBe('o' + 's'.repeat(6));
    expect(left(4)).toBe('s'.repeat(6));
  });
});

describe('a busy port without a backlog', () => {
  it('shares nothing: what it has goes out in the same round', () => {
    hear();
    blow(7);
    round();
    expect(left()).toBe('s'.repeat(7) + 'o');
  });
});
