/** `timeplane lab up`, on the inside: what fits, and what clients said. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { programWord } from '#lab/namespaces/sandbox';
import { tooLargeText } from '#lab/up/capacity';
import { OffsetLog } from '#lab/up/offsets';
import { readShape } from '../../../lab/topologies/read.js';

function topology(text: string) {
  const read = readShape(text);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

describe('a machine', () => {
  const machine = { freeMebibytes: 8_192, processors: 4, namespaces: 100 };

  it('has room for a chain', () => {
    expect(tooLargeText(topology('chain:4'), machine)).toBe('');
  });

  it.each([
    [
      'chain:60',
      machine,
      'chain-60 is too large for this machine: 60 switches with agents and 2 ptp4l',
    ],
    ['chain:60', machine, 'of memory, and 8.0 GiB is free'],
    ['chain:4', { ...machine, freeMebibytes: 700 }, '0.7 GiB is free'],
    [
      'chain:40',
      { ...machine, freeMebibytes: 64_000, processors: 1 },
      'share 1 processors, which serve 8 switches at most',
    ],
    ['star:100', machine, 'user.max_net_namespaces allows 100'],
  ])('refuses what does not fit: %s', (text, here, message) => {
    expect(tooLargeText(topology(text), here)).toContain(message);
  });

  it('may be too slow for whoever wants that, but not too small', () => {
    const few = { ...machine, freeMebibytes: 64_000, processors: 1 };
    expect(tooLargeText(topology('chain:40'), few, { slow: true })).toBe('');
    expect(tooLargeText(topology('chain:60'), machine, { slow: true })).toContain('of memory');
  });

  it('that does not say how many namespaces it allows is not asked', () => {
    expect(tooLargeText(topology('star:100'), { ...machine, namespaces: null })).toBe('');
  });
});

describe('what is printed to be typed', () => {
  it('has its directory where an ordinary user’s PATH has not', () => {
    const directory = mkdtempSync(join(tmpdir(), 'words-'));
    const [usual, administrators] = [join(directory, 'bin'), join(directory, 'sbin')];
    for (const [place, name] of [
      [usual, 'ip'],
      [administrators, 'ip'],
      [administrators, 'pmc'],
    ] as const) {
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, name), '', { mode: 0o755 });
    }
    const words = ['ip', 'pmc', 'none'].map((name) => programWord(name, [usual, administrators]));
    expect(words).toEqual(['ip', join(administrators, 'pmc'), 'none']);
    rmSync(directory, { recursive: true });
  });
});

describe('what clients said', () => {
  const line = (offset: number) =>
    `ptp4l[12.5]: master offset ${String(offset).padStart(10)} s0 freq      +0 path delay      1200`;

  it('is a line while they run, and a table at the end', () => {
    const log = new OffsetLog();
    expect(log.line()).toBe('no client follows yet');
    expect(log.render()).toBe('No client followed anybody.');
    for (const offset of [30, -20, 10]) log.take('client-1', line(offset));
    log.take('client-1', 'ptp4l[12.5]: port 1: LISTENING to UNCALIBRATED on RS_SLAVE');
    for (const client of ['b', 'c', 'd']) log.take(client, line(7));
    expect(log.line()).toBe('client-1 10 ns, b 7 ns, c 7 ns, and 1 more');
    expect(log.render()).toMatch(/client-1\D+1?\D*3 .* 10 ns .* -20 ns .* 30 ns/);
  });
});
