/** What a row in Mininet says of itself, and what the lab makes of it. */
import { describe, expect, it } from 'vitest';
import { switchStarts } from '#lab/experiments/compare/devices';
import { selectRows } from '#lab/experiments/compare/rows';
import { mininetPath } from '#lab/experiments/compare/sites';
import { FAST_RATES } from '#lab/experiments/boundary/clocks';
import { interpreterOf, parseNodes } from '#lab/peers/mininet';

const LINE = JSON.stringify({
  grandmaster: { pid: 11, ports: [{ name: 'grandmaster-p1', mac: '02:00:00:00:00:01' }] },
  client: { pid: 12, ports: [{ name: 'client-p1', mac: '02:00:00:00:00:02' }] },
  source: { pid: 13, ports: [{ name: 'source-p1', mac: '02:00:00:00:00:03' }] },
  sink: { pid: 14, ports: [] },
  'switch-1': {
    pid: 15,
    ports: [1, 2, 3].map((port) => ({
      name: `switch-1-p${port}`,
      mac: `02:00:00:00:01:0${port}`,
    })),
  },
});

const close = () => Promise.resolve();
const pathOf = (line: string, switches = 1) => mininetPath({ switches }, parseNodes(line), close);

describe('whoever runs mn', () => {
  it.each([
    ['#!/usr/bin/python3\n\n"""Mininet runner"""\n', ['/usr/bin/python3']],
    ['#! /usr/bin/env python3\n', ['/usr/bin/env', 'python3']],
    ['\u007fELF', ['python3']],
    ['', ['python3']],
  ])('is in its first line: %j', (text, expected) => {
    expect(interpreterOf(text)).toEqual(expected);
  });
});

describe('a row in Mininet', () => {
  it('is entered as the lab’s own namespaces are', () => {
    const { grandmaster, client, switches, crossTraffic } = pathOf(LINE);
    expect(grandmaster).toMatchObject({ name: 'grandmaster-p1', mac: '02:00:00:00:00:01' });
    expect(client.namespace.inside(['ls'])).toEqual([
      ...['nsenter', '--target', '12', '--net', '--', 'ls'],
    ]);
    expect(switches.map(({ ports }) => ports.map(({ name }) => name))).toEqual([
      ['switch-1-p1', 'switch-1-p2', 'switch-1-p3'],
    ]);
    expect(crossTraffic?.source.namespace.pid).toBe(13);
    expect(crossTraffic?.sink.namespace.pid).toBe(14);
  });

  it('has no cross traffic on a direct link', () => {
    expect(pathOf(LINE, 0)).toMatchObject({ switches: [] });
    expect(pathOf(LINE, 0).crossTraffic).toBeUndefined();
  });

  it.each([
    ['mn: command not found', 'said something else: mn: command not found'],
    ['{"client": {"pid": "12"}}', 'said something else'],
    ['{}', "Mininet's row has no grandmaster"],
    ['{"grandmaster":{"pid":1,"ports":[]}}', 'grandmaster of Mininet'],
  ])('that says %s is refused', (line, message) => {
    expect(() => pathOf(line)).toThrow(message);
  });

  const limits = { rateBitsPerSecond: 1e8, boundBytes: 131_072 };
  const startsOf = (name: string) => {
    const row = selectRows([name], ['mininet'])?.[0];
    if (row === undefined) throw new Error(`no row ${name}`);
    return switchStarts({ row, path: pathOf(LINE), limits, rates: FAST_RATES });
  };

  it('has switches and agents that are told what those in namespaces are', () => {
    const [transparent] = startsOf('tc-two-1');
    expect(transparent).toMatchObject({
      arguments: ['--queue', '2:rate=100000000,bound=131072,priorities=1,overhead=24'],
      config: {
        status: '127.0.0.1:9561',
        ports: [
          { ptp: 'transparent', step: 'two' },
          { ptp: 'transparent', step: 'two' },
          { ptp: 'blocked' },
        ],
      },
    });
    const [boundary] = startsOf('bc-1');
    expect(boundary?.arguments).toContain('--oscillator');
    expect(boundary?.config).toMatchObject({
      ports: [
        { ptp: 'boundary', address: { mac: '02:00:00:00:01:01' } },
        { ptp: 'boundary' },
        { ptp: 'blocked' },
      ],
    });
  });
});
