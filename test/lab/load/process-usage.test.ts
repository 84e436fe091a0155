import { describe, expect, it } from 'vitest';
import {
  parseResident,
  processorTimeNs,
  residentOctets,
  watchMemory,
} from '#lab/load/process-usage';

describe('what a process costs', () => {
  it('is read from its status', () => {
    expect(parseResident('Name:\tnode\nVmHWM:\t  900 kB\nVmRSS:\t  512 kB\n')).toBe(512 * 1024);
    expect(parseResident('Name:\tkthreadd\n')).toBeNull();
  });

  it('is known of ourselves, and of nobody who is not there', () => {
    expect(residentOctets(process.pid)).toBeGreaterThan(1024 * 1024);
    expect(residentOctets(2 ** 30)).toBeNull();
  });

  it('grows while it works', () => {
    const before = processorTimeNs(process.pid);
    for (const end = Date.now() + 30; Date.now() < end;);
    expect(processorTimeNs(process.pid) - before).toBeGreaterThan(5_000_000);
  });

  it('has its greatest value between the first and the last look', async () => {
    const stop = watchMemory(process.pid, 5);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const { beforeOctets, maxOctets, afterOctets, samples } = stop();
    expect(samples).toBeGreaterThanOrEqual(3);
    expect(maxOctets).toBeGreaterThanOrEqual(Math.max(beforeOctets, afterOctets));
  });
});
