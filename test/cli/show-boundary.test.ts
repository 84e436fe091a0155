/** The tables of `timeplane show` that a boundary clock fills, from a fixed status. */
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import type { AgentStatus } from '#runtime/status';
import { renderSubject, SUBJECTS, type SubjectName } from '#cli/show/subjects';
import { BOUNDARY_REPORT } from '../support/boundary-report.js';
import { STATUS } from './show-status.js';

const BOUNDARY: AgentStatus = { ...STATUS, ptp: { ...STATUS.ptp, boundary: BOUNDARY_REPORT } };

function show(name: SubjectName, status: AgentStatus = BOUNDARY): string {
  return renderSubject(name, {
    now: { status, atMs: 0 },
    colours: pc.createColors(false),
  });
}

/** The value beside `what`. */
function value(name: SubjectName, what: string, status = BOUNDARY): string | undefined {
  const cells = show(name, status)
    .split('\n')
    .map((line) => line.split('│').map((cell) => cell.trim()));
  return cells.find(([, first]) => first === what)?.[2];
}

const SUBJECTS_OF_IT = ['parent', 'foreign-masters', 'time', 'servo', 'sources'] as const;

describe('show, of a boundary clock', () => {
  it.each(SUBJECTS_OF_IT)('%s says so where there is none', (name) => {
    expect(show(name, STATUS)).toContain('none');
    expect(SUBJECTS[name].part(STATUS)).toBeNull();
  });

  it.each(SUBJECTS_OF_IT)('%s is JSON for programs', (name) => {
    const part = SUBJECTS[name].part(BOUNDARY);
    expect(JSON.parse(JSON.stringify(part))).toEqual(part);
  });

  it('parent: whose time it is, and by which way', () => {
    expect(value('parent', 'parent')).toBe('001122.fffe.334455-1');
    expect(value('parent', 'grandmaster')).toBe('001122.fffe.334466');
    expect(value('parent', 'quality')).toBe('class 6, accuracy 0x21, variance 0x4e5d');
    expect(value('parent', 'stepsRemoved')).toBe('2');
    expect(value('parent', 'path')).toBe('001122.fffe.334466 > 001122.fffe.334455');
    const own = { ...BOUNDARY_REPORT, parentDS: { ...BOUNDARY_REPORT.parentDS, isOwn: true } };
    const status = { ...BOUNDARY, ptp: { ...BOUNDARY.ptp, boundary: own } };
    expect(value('parent', 'parent', status)).toBe('none: our own clock is the grandmaster');
  });

  it('foreign-masters: who is heard where, and what becomes of it', () => {
    const text = show('foreign-masters');
    expect(text).toMatch(/gm .*001122\.fffe\.334455-1 .*parent/);
    expect(text).toMatch(/gm .*001122\.fffe\.334499-2 .*not qualified/);
  });

  it('time: the scale, leap seconds and what the dataplane was told', () => {
    expect(value('time', 'timescale')).toBe('PTP (TAI)');
    expect(value('time', 'UTC offset')).toBe('37 s');
    expect(value('time', 'leap second')).toBe('61 s');
    expect(value('time', 'rate against ticks')).toBe('-12345.678 ppb');
  });

  it('servo: its state, since when and why, and how far off it may be', () => {
    expect(value('servo', 'state')).toBe('LOCKED');
    expect(value('servo', 'for')).toBe('60.0 s');
    expect(value('servo', 'offset from master')).toBe('-12 ns');
    expect(value('servo', 'error bound')).toBe('1.50 µs');
    expect(value('servo', 'offsets, missing')).toBe('960, 3');
    expect(value('servo', 'p99, max of their size')).toBe('32 ns, 42 ns');
    expect(show('servo')).toMatch(/│ +2 │ +1\.10e-8 │ +[-–] │ +76 ns │ +80 ns/);
    expect(show('servo')).toMatch(/phc \/dev\/ptp0 .*12 ns .*follows/);
  });

  it('sources: alarms beside the masters', () => {
    expect(show('sources')).toMatch(/grandmaster-jump .*it jumped/);
    expect(value('sources', 'gm')).toBe('001122.fffe.334455-1');
    expect(show('sources')).toMatch(/001122\.fffe\.334499 .*5\.00 ms .*900 ns .*false/);
  });

  it('ports: states with their reason in front of what was counted', () => {
    expect(show('ports')).toMatch(/gm .*slave .*61\.3 s/);
    expect(show('ports')).toMatch(/p2p 432 ns .*it is the best master/);
    expect(show('ports')).toMatch(/client .*master .*e2e .*serves what port 1 gives/);
    expect(show('ports', STATUS)).not.toContain('best master');
  });

  it('clock: that it is one', () => {
    expect(value('clock', 'boundary clock')).toBe('runs, profile default-p2p');
    expect(value('clock', 'PTP time')).toBe('that of 001122.fffe.334466 (LOCKED)');
    expect(value('clock', 'boundary clock', STATUS)).toBeUndefined();
  });
});
