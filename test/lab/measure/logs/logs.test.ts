import { describe, expect, it } from 'vitest';
import { decimalNs, isoNs } from '#lab/measure/logs/exact-time';
import { LogReader, type LogOptions, type LogResult } from '#lab/measure/logs/log-reader';
import type { Reading } from '#lab/measure/logs/log-types';
import { recordOf } from '#lab/measure/logs/record-of';

function read(text: string, options: LogOptions = {}): LogResult {
  const reader = new LogReader(options);
  for (const line of text.match(/.*\n|.+$/g) ?? []) reader.line(line.replace('\n', ''));
  return reader.result();
}

const offsets = ({ readings }: LogResult) => readings.map(({ offsetNs }) => offsetNs);

describe('a log of ptp4l', () => {
  it('is read, with what is no measurement passed over', () => {
    const found = read(`ptp4l[3541.091]: selected /dev/ptp0 as PTP clock
ptp4l[3541.141]: port 1 (eth0): INITIALIZING to LISTENING on INIT_COMPLETE
ptp4l[3542.101]: master offset       -123 s0 freq      +0 path delay       456
ptp4l[3543.101]: master offset         17 s2 freq   -1200 path delay       455
`);
    expect(found).toMatchObject({ format: 'ptp4l', problems: [], lines: 4 });
    expect(found.readings).toEqual([
      {
        ...{ line: 3, timeNs: 3_542_101_000_000n, offsetNs: -123, delayNs: 456, frequencyPpb: 0 },
        source: '',
      },
      {
        ...{ line: 4, timeNs: 3_543_101_000_000n, offsetNs: 17, delayNs: 455, frequencyPpb: -1200 },
        source: '',
      },
    ]);
  });

  it.each([
    'Nov 22 09:00:01 host ptp4l[812]: [3542.101] master offset 5 s2 freq +1 path delay 2',
    'Nov 22 09:00:01 host ptp4l: [3542.101] [ptp4l.0.config] master offset 5 s2 freq +1 path delay 2',
    '2026-11-22T09:00:01+00:00 host ptp4l[812]: [3542.101] master offset 5 s2 freq +1 path delay 2',
    'ptp4l[3542.101]: [ptp4l.0.config:2] master offset 5 s2 freq +1 path delay 2',
    'ptp4l[3542.101]: time transmitter offset 5 s2 freq +1 path delay 2',
  ])('comes by many ways: %s', (line) => {
    const found = read(`${line}\n`);
    expect(found.readings).toMatchObject([{ timeNs: 3_542_101_000_000n, offsetNs: 5, delayNs: 2 }]);
  });

  it('names line and field of what is wrong, and keeps the rest', () => {
    const found = read(`ptp4l[1.000]: master offset 1 s2 freq +1 path delay 2
ptp4l[2.000]: master offset 1x s2 freq +1 path delay 2
ptp4l[3.000]: master offset 3 s2 freq ? path delay 2
ptp4l: master offset 4 s2 freq +1 path delay 2
ptp4l[5.000]: master offset 5 s2 freq +1 path del`);
    expect(offsets(found)).toEqual([1, 5]);
    expect(found.problems.map(({ line, field }) => [line, field])).toEqual([
      [2, 'offset'],
      [3, 'freq'],
      [4, 'time'],
    ]);
  });

  it('of summaries only says how to get more', () => {
    const found = read('ptp4l[9.1]: rms  123 max  456 freq  -78 +/-  12 delay   345 +/-   3\n');
    expect(found.problems).toMatchObject([{ code: 'summary', line: 1, field: 'offset' }]);
    expect(found.problems[0]?.message).toContain('summary_interval');
  });
});

describe('a log of phc2sys', () => {
  it('has a source for each clock', () => {
    const found = read(`phc2sys[10.000]: CLOCK_REALTIME phc offset  -12 s2 freq +100 delay 500
phc2sys[10.001]: eth1 sys offset  7 s2 freq -5 delay 501
phc2sys[11.000]: CLOCK_REALTIME phc offset  -13 s2 freq +100 delay 500
`);
    expect(found.format).toBe('phc2sys');
    expect(found.readings.map(({ source }) => source)).toEqual([
      'CLOCK_REALTIME',
      'eth1',
      'CLOCK_REALTIME',
    ]);
    const gridded = recordOf(found.readings);
    expect(gridded).toMatchObject({ ok: true, value: { others: ['eth1'], used: 2 } });
    const other = recordOf(found.readings, { source: 'eth2' });
    expect(other).toMatchObject({ ok: false, problems: [{ field: 'source' }] });
  });

  it('of ts2phc as well', () => {
    const found = read('ts2phc[22.5]: /dev/ptp0 offset 3 s2 freq +9\n');
    expect(found).toMatchObject({ format: 'ts2phc', readings: [{ offsetNs: 3, delayNs: null }] });
  });
});

describe('the logs of chrony', () => {
  const rule = '='.repeat(80);
  it('have the sign of ours: ahead is above zero', () => {
    const tracking = read(`${rule}
   Date (UTC) Time     IP Address   St   Freq ppm   Skew ppm     Offset L Co  Offset sd Rem. corr. Root delay Root disp. Max. error
${rule}
2017-08-22 13:22:36 203.0.113.15     2     -3.541      0.075 -8.621e-06 N  2  2.940e-03 -2.084e-04  1.534e-02  3.472e-04  8.304e-03
`);
    expect(tracking).toMatchObject({ format: 'chrony-tracking', problems: [] });
    expect(tracking.readings[0]?.offsetNs).toBeCloseTo(-8621, 6);
    expect(tracking.readings[0]?.frequencyPpb).toBeCloseTo(-3541, 6);

    const measurements = read(`${rule}
   Date (UTC) Time     IP Address   L St 123 567 ABCD  LP RP Score    Offset  Peer del. Peer disp.  Root del. Root disp. Refid     MTxRx
${rule}
2016-11-09 05:40:50 203.0.113.15    N  2 111 111 1111  10 10 1.0  -4.966e-03  2.296e-01  1.577e-05  1.615e-01  7.446e-03 CB00717B 4B D K
`);
    expect(measurements).toMatchObject({ format: 'chrony-measurements', problems: [] });
    expect(measurements.readings[0]?.offsetNs).toBeCloseTo(4_966_000, 3);
    expect(measurements.readings[0]?.delayNs).toBeCloseTo(229_600_000, 3);

    const statistics = read(`${rule}
   Date (UTC) Time     IP Address    Std dev'n Est offset  Offset sd  Diff freq   Est skew  Stress  Ns  Bs  Nr  Asym
${rule}
2017-08-31 16:27:19 10.30.121.252 4.611e-06 3.391e-05 5.239e-06 9.759e-07 9.758e-04 4.9e-04 3 0 3 0.00
`);
    expect(statistics).toMatchObject({ format: 'chrony-statistics', problems: [] });
    expect(statistics.readings[0]?.offsetNs).toBeCloseTo(33_910, 6);

    const refclocks = read(`${rule}
   Date (UTC) Time         Refid  DP L P  Raw offset   Cooked offset      Disp.
${rule}
2009-11-30 14:33:27.000000 PPS2    7 N 1  4.900000e-07 -6.741777e-07  1.000e-06
2009-11-30 14:33:28.000000 PPS2    - N -       -       -6.000000e-07  1.000e-06
`);
    expect(refclocks).toMatchObject({ format: 'chrony-refclocks', problems: [] });
    expect(refclocks.readings[0]?.offsetNs).toBeCloseTo(674.1777, 6);
  });

  it('name a field that is none', () => {
    const found = read(`   Date (UTC) Time     IP Address   St   Freq ppm   Skew ppm     Offset L Co
2017-08-22 13:22:36 203.0.113.15     2     -3.541      0.075 -8.621e-06 N  2
2017-08-22 13:22 203.0.113.15     2     -3.541      0.075 -8.621e-06 N  2
2017-08-22 13:22:38 203.0.113.15     2     -3.541      0.075 offset N  2
2017-08-22 13:22:39 203.0`);
    expect(found.problems.map(({ line, field }) => [line, field])).toEqual([
      [3, 'date and time'],
      [4, 'offset'],
      [5, 'columns'],
    ]);
    expect(found.readings).toHaveLength(1);
  });
});

describe('columns', () => {
  it('are told by their header, with their units', () => {
    const found = read('time_s,offset (us)\n0,1.5\n1,-2\n');
    expect(found).toMatchObject({ format: 'csv', problems: [] });
    expect(offsets(found)).toEqual([1500, -2000]);
  });

  it.each([
    ['0 5\n1 6\n', {}],
    ['# made by hand\n0;5\n1;6\n', {}],
    ['5\n6\n', { intervalSeconds: 1 }],
    ['a\tb\tc\n0\t9\t5\n1\t9\t6\n', { timeColumn: 'a', valueColumn: '3' }],
    ['0,5e-9\n1,6e-9\n', { valueUnit: 's' }],
    ['"when","x"\n"2026-11-22T09:00:00Z","5"\n"2026-11-22T09:00:01Z","6"\n', {}],
  ] as const)('without a header or with one: %j', (text, csv) => {
    const found = read(text, { csv });
    expect(found.problems).toEqual([]);
    expect(found.readings.map(({ offsetNs }) => Math.round(offsetNs))).toEqual([5, 6]);
    const [first, second] = found.readings;
    expect((second?.timeNs ?? 0n) - (first?.timeNs ?? 0n)).toBe(1_000_000_000n);
  });

  it('keep nanoseconds of the epoch', () => {
    const found = read('1795338000.123456789,1\n1795338000.123456790,2\n');
    expect(found.readings.map(({ timeNs }) => timeNs)).toEqual([
      1_795_338_000_123_456_789n,
      1_795_338_000_123_456_790n,
    ]);
  });

  it('that are missing or no numbers are named with their line', () => {
    const found = read('t,x\n0,1\n1,\n2,3,4\nnow,5\n4,6\n', { format: 'csv' });
    expect(offsets(found)).toEqual([1, 6]);
    expect(found.problems).toMatchObject([
      { line: 3, field: 'value', message: "'' is no number" },
      { line: 4, field: 'columns', message: 'there are 3, not 2' },
      { line: 5, field: 'time', message: "'now' is no time" },
    ]);
  });

  it('asked for and not there are named, with those that are', () => {
    const found = read('t,x\n0,1\n', { format: 'csv', csv: { valueColumn: 'y' } });
    expect(found.problems[0]).toMatchObject({ line: 1, field: 'value' });
    expect(found.problems[0]?.message).toContain("no column 'y'; there are t, x");
  });
});

describe('a log of another tool', () => {
  it('is none of ours, and is shown', () => {
    const found = read('[  12.1] usb 1-1: new device\n[  12.2] usb 1-1: gone\n');
    expect(found.format).toBeNull();
    expect(found.problems).toMatchObject([{ code: 'another-format', line: 1 }]);
    expect(found.problems[0]?.message).toContain("line 1 is '[  12.1] usb 1-1: new device'");
  });

  it('is not what was asked for', () => {
    const line = 'phc2sys[10.000]: CLOCK_REALTIME phc offset  -12 s2 freq +100 delay 500\n';
    const found = read(line, { format: 'ptp4l' });
    expect(found.readings).toEqual([]);
    expect(found.problems[0]?.message).toContain('none of: a log of ptp4l; line 1 is');
  });

  it('may be empty', () => {
    expect(read('').problems).toMatchObject([
      { code: 'no-readings', message: 'the file is empty' },
    ]);
  });
});

describe('readings on a grid', () => {
  const reading = (seconds: number, offsetNs: number, line: number): Reading => ({
    ...{ line, offsetNs, delayNs: null, frequencyPpb: null, source: '' },
    timeNs: BigInt(Math.round(seconds * 1e9)),
  });

  it('leave holes where some are missing, however their stamps jitter', () => {
    const jitter = [0, 0.004, -0.003, 0.002, 0.001, -0.004, 0.003, 0];
    const kept = [0, 1, 2, 4, 5, 6, 7];
    const found = recordOf(kept.map((i) => reading(i + (jitter[i] ?? 0), i, i + 1)));
    if (!found.ok) throw new Error('no record');
    expect([...found.value.record.xNs]).toEqual([0, 1, 2, Number.NaN, 4, 5, 6, 7]);
    expect(found.value.record.tau0Ns / 1e9).toBeCloseTo(1, 2);
  });

  it('do not drift from it: 10,000 intervals of 0.99997 s', () => {
    const readings = Array.from({ length: 10_000 }, (_, i) => {
      return reading(Math.round(i * 0.99997 * 1e3) / 1e3, i, i + 1);
    });
    const found = recordOf(readings);
    expect(found).toMatchObject({ ok: true, value: { used: 10_000, crowded: 0 } });
  });

  it('end where time runs backwards, and say where', () => {
    const found = recordOf([0, 1, 2, 3, 1.5, 4].map((t, i) => reading(t, i, 10 + i)));
    expect(found).toMatchObject({
      ok: true,
      value: { used: 4, problems: [{ code: 'backwards', line: 14, field: 'time' }] },
    });
  });

  it('have no interval where there is one, and no end where time jumps', () => {
    expect(recordOf([reading(1, 0, 7)])).toMatchObject({
      ok: false,
      problems: [{ code: 'sparse', line: 7 }],
    });
    const jump = [0, 0.001, 0.002, 4e7].map((t, i) => reading(t, i, i + 1));
    expect(recordOf(jump)).toMatchObject({ ok: false, problems: [{ code: 'sparse' }] });
  });
});

describe('times as text', () => {
  it.each([
    ['1.5', 's', 1_500_000_000n],
    ['-0.000000001', 's', -1n],
    ['3', 'ms', 3_000_000n],
    ['2.5', 'us', 2_500n],
    ['7.9', 'ns', 7n],
    ['1e-3', 's', 1_000_000n],
    ['', 's', null],
    ['1.2.3', 's', null],
    ['0x10', 's', null],
  ] as const)('%s %s', (text, unit, expected) => {
    expect(decimalNs(text, unit)).toBe(expected);
  });

  it.each([
    '1970-01-01T00:00:00Z',
    '2000-02-29 12:34:56.789',
    '2026-11-22T09:00:00+02:00',
    '2100-03-01T00:00:00.000000001Z',
    '1969-12-31T23:59:59Z',
  ])('%s is what Date says', (text) => {
    const withZone = /Z|[+-]\d\d:\d\d$/.test(text) ? text : `${text.replace(' ', 'T')}Z`;
    const date = BigInt(Date.parse(withZone.replace(/\.\d{9}/, ''))) * 1_000_000n;
    expect(isoNs(text)).toBe(text.includes('.000000001') ? date + 1n : date);
  });

  it.each(['2026-13-01T00:00:00Z', '2026-11-22', '2026-11-22T25:00:00Z', 'now'])(
    '%s is none',
    (text) => {
      expect(isoNs(text)).toBeNull();
    },
  );
});
