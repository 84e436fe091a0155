/** What programs log, in the switch's log: as text, and not more of it than an operator wants. */
import { describe, expect, it, vi } from 'vitest';
import type { LogRecord } from '#binding/log-records';
import type { LogMessageLayout, PipelineLayout } from '#compiler/layout';
import { loggedText } from '#server/program/log-text';
import { ProgramLog } from '#server/switch/program-log';
import { LAYOUT } from './fixture-program.js';

const ONE = { words: 1, signed: false };
const SIGNED = { words: 1, signed: true };

function layoutOf(format: string, values: LogMessageLayout['values']): PipelineLayout {
  return { ...LAYOUT, logMessages: [{ format, place: 'a.p4:7:8', values }] };
}

function record(...words: readonly bigint[]): LogRecord {
  return { message: 0, port: 3, timeNs: 5n, words: BigUint64Array.from(words) };
}

describe('the text of a message', () => {
  const text = (format: string, values: LogMessageLayout['values'], ...words: bigint[]): string =>
    loggedText(layoutOf(format, values), record(...words)).text;

  it.each([
    ['nothing', [], [], 'nothing'],
    ['a={} b={}', [ONE, ONE], [1n, 2n], 'a=1 b=2'],
    ['s={}', [SIGNED], [(1n << 64n) - 1n], 's=-1'],
    ['u={}', [ONE], [(1n << 64n) - 1n], 'u=18446744073709551615'],
    ['w={}', [{ words: 3, signed: false }], [1n, 0n, 1n], `w=${(1n << 128n) + 1n}`],
    ['w={}', [{ words: 2, signed: true }], [0n, 1n << 63n], `w=${-(1n << 127n)}`],
    // What simple_switch takes for a placeholder.
    ['{:x}, {anything}', [ONE, ONE], [10n, 11n], '10, 11'],
    ['\\{no\\} {}', [ONE], [1n], '{no} 1'],
    ['\\n {\\} } x', [ONE], [1n], '\\n 1 x'],
    // simple_switch ends where these are; here nothing is lost.
    ['{}{} first', [ONE, ONE], [1n, 2n], '12 first'],
    ['a {} {}', [ONE], [1n], 'a 1 {}'],
    ['a {}', [ONE, SIGNED, ONE], [1n, 2n, 3n], 'a 1 (2, 3)'],
    ['open {', [ONE], [1n], 'open { (1)'],
    ['{} open { \\{ \\\\{ { \\', [ONE], [1n], '1 open { { \\{ { \\'],
    ['', [], [], ''],
  ] as const)('%j', (format, values, words, wanted) => {
    expect(text(format, values, ...words)).toBe(wanted);
  });

  it.each(['{', '{\\', '{}', '\\{'])(
    'of many %j is found in time that grows as its length',
    (unit) => {
      const shortestMs = (length: number): number => {
        const times = Array.from({ length: 5 }, () => {
          const startMs = performance.now();
          text(unit.repeat(length), []);
          return performance.now() - startMs;
        });
        return Math.min(...times);
      };
      shortestMs(8192);
      // As the square it would be 64 times as long.
      expect(shortestMs(65_536)).toBeLessThan(24 * shortestMs(8192));
    },
  );

  it('is not searched again for each message', () => {
    const layout = layoutOf('', [ONE]);
    const search = vi.fn(() => 'v={}');
    const [message] = layout.logMessages;
    Object.defineProperty(message, 'format', { get: search });
    const texts = [1n, 2n, 3n].map((value) => loggedText(layout, record(value)).text);
    expect(texts).toEqual(['v=1', 'v=2', 'v=3']);
    expect(search).toHaveBeenCalledTimes(1);
  });

  it('of a message that the program has not is its number', () => {
    const unknown = loggedText(layoutOf('x', []), { ...record(), message: 9 });
    expect(unknown).toEqual({ text: 'message 9', place: '' });
  });
});

describe('the log of the switch', () => {
  interface Line {
    readonly level: string;
    readonly fields: object;
    readonly text: string;
  }

  function bench(perSecond: number, layout: PipelineLayout | null = layoutOf('v={}', [ONE])) {
    const lines: Line[] = [];
    const waiting: LogRecord[] = [];
    let running = layout;
    const clock = { ms: 0 };
    const line = (level: string) => (fields: object, text: string) =>
      void lines.push({ level, fields, text });
    const log = new ProgramLog({
      read: () => waiting.splice(0),
      layout: () => running,
      log: { info: line('info'), warn: line('warn'), error: line('error') },
      nowMs: () => clock.ms,
      perSecond,
    });
    const tell = (...records: LogRecord[]): void => void waiting.push(...records);
    const say = (...values: number[]): void =>
      tell(...values.map((value) => record(BigInt(value))));
    const run = (next: PipelineLayout): void => void (running = next);
    const texts = (): string[] => lines.splice(0).map(({ text }) => text);
    return { lines, clock, log, say, tell, run, texts };
  }

  it('has a message with its place in the source, its port and its time', () => {
    const { lines, log, say } = bench(10);
    say(7);
    log.look();
    const fields = { place: 'a.p4:7:8', port: 3, timeNs: '5' };
    expect(lines).toEqual([{ level: 'info', fields, text: 'v=7' }]);
    expect(log.counts()).toEqual({ written: 1, leftOut: 0 });
  });

  it('has so many in a second, and says how many more there were', () => {
    const { clock, log, say, texts } = bench(2);
    say(1, 2, 3);
    log.look();
    clock.ms = 500;
    say(4);
    log.look();
    expect(texts()).toEqual(['v=1', 'v=2']);
    clock.ms = 1000;
    say(5);
    log.look();
    expect(texts()).toEqual([
      '2 more messages of the program are left out: see --log-messages',
      'v=5',
    ]);
    clock.ms = 2000;
    log.look();
    expect(texts()).toEqual([]);
    expect(log.counts()).toEqual({ written: 3, leftOut: 2 });
  });

  it('counts a message of very wide numbers as several', () => {
    const { log, texts, tell } = bench(5, layoutOf('v={}', [{ words: 64, signed: false }]));
    const wide = record(...Array.from({ length: 64 }, (_, index) => (index === 0 ? 9n : 0n)));
    tell(wide, wide, wide);
    log.look();
    expect(texts()).toEqual(['v=9', 'v=9']);
    expect(log.counts()).toEqual({ written: 2, leftOut: 1 });
  });

  it('has what a program logged before it was exchanged, when frames go again', () => {
    const { log, say, texts, run } = bench(10);
    say(1);
    log.keep();
    expect(texts()).toEqual([]);
    run(layoutOf('new={}', [ONE]));
    say(2);
    log.look();
    expect(texts()).toEqual(['v=1', 'new=2']);
  });

  it('keeps that of one exchange between two looks, and counts the rest', () => {
    const { log, say, texts } = bench(10);
    say(1);
    log.keep();
    say(2, 3);
    log.keep();
    log.look();
    expect(texts()).toEqual(['v=1']);
    expect(log.counts()).toEqual({ written: 1, leftOut: 2 });
  });

  it('has none, and only counts, where none are wanted', () => {
    const { clock, log, say, texts } = bench(0);
    say(1, 2, 3);
    log.look();
    clock.ms = 1000;
    log.look();
    expect(texts()).toEqual([]);
    expect(log.counts()).toEqual({ written: 0, leftOut: 3 });
  });

  it('is looked after until the end', () => {
    const { log, say, texts } = bench(1);
    const stop = log.start();
    say(1, 2);
    stop();
    expect(texts()).toEqual([
      'v=1',
      '1 more messages of the program are left out: see --log-messages',
    ]);
  });

  it('does not ask an engine whose program logs nothing', () => {
    for (const layout of [null, LAYOUT]) {
      const { log, say, texts } = bench(10, layout);
      say(1);
      log.look();
      expect(texts()).toEqual([]);
    }
  });
});
