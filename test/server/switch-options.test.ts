import { parseListen } from '#server/server';
import {
  checkPorts,
  loopOptions,
  parseOscillator,
  parsePort,
  parseProcessors,
  parseQueue,
} from '#server/switch/switch-options';
import { describe, expect, it } from 'vitest';

describe('--port', () => {
  it('takes NUMBER=INTERFACE', () => {
    expect(parsePort('1=veth1')).toEqual({
      ok: true,
      value: { number: 1, interfaceName: 'veth1', io: 'auto', stamps: 'auto', thread: null },
    });
    expect(parsePort('509=eth0.10')).toMatchObject({ ok: true });
  });

  it.each(['', '1', '=veth', '0=veth', '510=veth', '1=', '1=a=b', 'x=veth', '1=a b', '1=../x'])(
    'refuses %j',
    (text) => expect(parsePort(text).ok).toBe(false),
  );

  it('takes settings after the name', () => {
    expect(parsePort('2=eth1,io=xdp')).toMatchObject({ value: { number: 2, io: 'xdp' } });
    expect(parsePort('2=eth1,stamps=hardware,io=packet')).toMatchObject({
      value: { interfaceName: 'eth1', io: 'packet', stamps: 'hardware' },
    });
    expect(parsePort('2=eth1,io=dpdk')).toMatchObject({
      message: "io: 'dpdk' is not one of auto, packet, xdp",
    });
    expect(parsePort('2=eth1,color=red')).toMatchObject({
      message: expect.stringContaining("'color' is not one of io") as string,
    });
    expect(parsePort('2=eth1,').ok).toBe(false);
    expect(parsePort('2=eth1,io=xdp=packet').ok).toBe(false);
    expect(parsePort('2=eth1,constructor=x').ok).toBe(false);
  });

  it('takes the packet loop that it belongs to', () => {
    expect(parsePort('2=eth1,thread=1')).toMatchObject({ value: { thread: 1 } });
    expect(parsePort('2=eth1,thread=auto')).toMatchObject({ value: { thread: null } });
    expect(parsePort('2=eth1,thread=16').ok).toBe(false);
    expect(parsePort('2=eth1,thread=-1').ok).toBe(false);
  });

  it('refuses a name that no interface can have', () => {
    expect(parsePort('1=abcdefghijklmno').ok).toBe(true);
    expect(parsePort('1=abcdefghijklmnop').ok).toBe(false);
  });
});

describe('--queue', () => {
  it('takes a rate, a bound, priorities and overhead with units', () => {
    expect(parseQueue('2:rate=100Mbit,bound=256KiB,priorities=8,overhead=24')).toEqual({
      ok: true,
      value: {
        port: 2,
        rateBps: 100_000_000n,
        boundOctets: 262_144,
        priorityCount: 8,
        overheadOctets: 24,
      },
    });
  });

  it('has a default for each', () => {
    expect(parseQueue('2:rate=1.5Gbit')).toEqual({
      ok: true,
      value: {
        port: 2,
        rateBps: 1_500_000_000n,
        boundOctets: 262_144,
        priorityCount: 1,
        overheadOctets: 24,
      },
    });
  });

  it.each([
    '2',
    '2:',
    ':rate=1',
    '600:rate=1',
    '2:rate=fast',
    '2:rate=1Tbit',
    '2:rate=-1',
    '2:rate=99999999Gbit',
    '2:bound=1Mbit',
    '2:bound=9999GB',
    '2:priorities=0',
    '2:priorities=9',
    '2:overhead=1.5',
    '2:speed=1',
    '2:toString=1',
  ])('refuses %j with what it expected', (text) => {
    const parsed = parseQueue(text);
    expect(parsed).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^.{11,}$/) as string,
    });
  });
});

describe('--oscillator', () => {
  it('takes offset, ppm, wander and seed, in any order', () => {
    expect(parseOscillator('ppm=-12.5,offset=-3.2ms,seed=7,wander=0.5')).toEqual({
      ok: true,
      value: { offsetNs: -3_200_000n, rateOffset: -27_487_791n, wander: 1_100n, seed: 7n },
    });
    expect(parseOscillator('offset=2s')).toEqual({
      ok: true,
      value: { offsetNs: 2_000_000_000n, rateOffset: 0n, wander: 0n, seed: 1n },
    });
  });

  it.each([
    '',
    'ppm',
    'ppm=',
    'ppm=1001',
    'ppm=1e3',
    'ppm=1ppm',
    'offset=5',
    'offset=5min',
    'offset=9999999999s',
    'wander=-1',
    'seed=-1',
    'seed=1.5',
    'speed=1',
    'toString=1',
  ])('refuses %j with what it expected', (text) => {
    const parsed = parseOscillator(text);
    expect(parsed).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^.{11,}$/) as string,
    });
  });
});

describe('ports and queues together', () => {
  const port = (number: number, interfaceName: string) => ({
    number,
    interfaceName,
    io: 'auto' as const,
    stamps: 'auto' as const,
    thread: null,
  });
  const queueOf = (number: number) => {
    const parsed = parseQueue(`${number}:rate=1Mbit`);
    if (!parsed.ok) throw new Error(parsed.message);
    return parsed.value;
  };

  it('are fine when each is there once', () => {
    expect(checkPorts([port(1, 'a'), port(2, 'b')], [queueOf(2)], 510)).toBeNull();
    expect(checkPorts([], [], 510)).toBeNull();
  });

  it.each([
    [[port(1, 'a'), port(1, 'b')], [], 'port 1 is given twice'],
    [[port(1, 'a'), port(2, 'a')], [], 'interface a is given to two ports'],
    [[port(3, 'a')], [], 'port 3 is the CPU port'],
    [[port(1, 'a')], [queueOf(2)], 'no such port'],
    [[port(1, 'a')], [queueOf(1), queueOf(1)], 'the queue of port 1 is given twice'],
  ])('are refused with what is wrong (%#)', (ports, queues, message) => {
    expect(checkPorts(ports, queues, 3)).toContain(message);
  });
});

describe('packet loops', () => {
  it('have a processor each, or none has', () => {
    expect(parseProcessors('0,1')).toEqual({ ok: true, value: [0, 1] });
    expect(loopOptions(2, 'normal', [4, 5])).toEqual({
      ok: true,
      value: [
        { thread: 0, priority: 'normal', processor: 4 },
        { thread: 1, priority: 'normal', processor: 5 },
      ],
    });
    expect(loopOptions(1, 'realtime', [])).toEqual({
      ok: true,
      value: [{ thread: 0, priority: 'realtime', processor: null }],
    });
    expect(loopOptions(2, 'normal', [4])).toMatchObject({
      message: '--processor names 1 for --threads 2: each thread has one, or none has',
    });
  });

  it.each(['', '0,', 'x', '0,0', '1024', '-1'])('refuse the processors %j', (text) => {
    expect(parseProcessors(text).ok).toBe(false);
  });

  it('are as many as ports ask for', () => {
    const port = { number: 1, interfaceName: 'a', io: 'auto', stamps: 'auto', thread: 1 } as const;
    expect(checkPorts([port], [], 510, 2)).toBeNull();
    expect(checkPorts([port], [], 510)).toBe('port 1 is for thread 1, and the last one is 0');
  });
});

describe('--listen and --status', () => {
  it.each([
    ['127.0.0.1:9559', '127.0.0.1', 9559],
    ['localhost:0', 'localhost', 0],
    ['[::1]:9559', '::1', 9559],
    ['127.1.2.3:80', '127.1.2.3', 80],
  ])('take %s', (text, host, port) => {
    expect(parseListen(text)).toEqual({ ok: true, value: { host, port } });
  });

  it.each(['0.0.0.0:9559', '[::]:9559', '192.0.2.1:1', 'example.net:1', '127.evil.test:1'])(
    'refuse %s, which is not loopback',
    (text) => expect(parseListen(text)).toMatchObject({ error: { code: 'NOT_LOOPBACK' } }),
  );

  it.each(['', '9559', '127.0.0.1', '127.0.0.1:', '127.0.0.1:65536', '::1:5', '127.0.0.1:x'])(
    'refuse %j, which is no address',
    (text) => expect(parseListen(text)).toMatchObject({ error: { code: 'NOT_AN_ADDRESS' } }),
  );
});
