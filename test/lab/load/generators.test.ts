import { describe, expect, it } from 'vitest';
import { endOf, parseReport } from '#lab/load/generators';
import { startProcess } from '#lab/peers/managed-process';

const latency = { count: 5, min: 1, p1: 1, p50: 3, p99: 9, p999: 9, max: 9 };
const crowd = {
  clients: 10,
  sent: 100,
  answered: 99,
  rate: 1000.5,
  duplicates: 0,
  late: 1,
  stray: 0,
  wrong: { checksum: 0, correction: 0, receiveTime: 0, destination: 0, flags: 0, server: 0 },
  overruns: 0,
  clockOffsetNs: [-37_000_000_009, -37_000_000_001],
  latencyNs: latency,
  receiveTimeNs: null,
};

describe('the report of a generator', () => {
  it('is the last line that is JSON, whatever it said before', () => {
    const lines = ['ready', '{"sent":1}', JSON.stringify(crowd), 'something on standard error'];
    expect(parseReport('ptp_clients', lines)).toEqual(crowd);
  });

  it('is none where it was cut off, or says something else', () => {
    expect(parseReport('ptp_clients', [])).toBeNull();
    expect(parseReport('ptp_clients', ['ptp_clients: cannot open c0'])).toBeNull();
    expect(parseReport('ptp_clients', [JSON.stringify(crowd).slice(0, -1)])).toBeNull();
    expect(parseReport('ptp_storm', [JSON.stringify(crowd)])).toBeNull();
  });

  it('is none where a number is missing or one too many', () => {
    const { late: _late, ...without } = crowd;
    expect(parseReport('ptp_clients', [JSON.stringify(without)])).toBeNull();
    expect(parseReport('ptp_clients', [JSON.stringify({ ...crowd, more: 1 })])).toBeNull();
  });
});

describe('a generator that was given its time', () => {
  it('is waited for while it may take so long', async () => {
    const process = startProcess({ label: 'ptp_storm', argv: ['sleep', '0.05'] });
    await endOf(process, 0.01, 10_000);
    expect(process.hasExited()).toBe(true);
  });

  it('is ended where it goes on, and may be older than its sources', async () => {
    const process = startProcess({ label: 'ptp_storm', argv: ['sleep', '60'] });
    await expect(endOf(process, 0.05, 50)).rejects.toMatchObject({
      code: 'not-ready',
      message: 'ptp_storm was to end after 0.05 s and did not: it may be older than its sources',
      hint: 'npm run build',
    });
    expect(process.hasExited()).toBe(true);
  });

  it('is waited for without end where it has none', async () => {
    const process = startProcess({ label: 'ptp_master', argv: ['sleep', '0.1'] });
    await endOf(process, 0, 0);
    expect(process.hasExited()).toBe(true);
  });
});
