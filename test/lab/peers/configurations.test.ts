import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { agentConfig, switchConfig } from '#lab/peers/agent';
import { bmv2QueueCommands } from '#lab/peers/bmv2';
import { lastWords } from '#lab/peers/managed-process';
import { majorVersion, ptp4lConfig } from '#lab/peers/ptp4l';

describe('what the lab tells ptp4l', () => {
  const grandmaster = {
    directory: '/run/lab',
    transport: 'UDPv4',
    interfaces: [],
    settings: { masterOnly: 1, priority1: 1 },
  } as const;
  const text = ptp4lConfig(grandmaster, 'gm.uds', 3);

  it('never lets it touch a clock, and uses the kernel’s stamps', () => {
    expect(text).toMatch(/^free_running 1$/m);
    expect(text).toMatch(/^time_stamping software$/m);
  });

  it('lets it steer a clock that is its own', () => {
    const clock = { offsetNs: 1, ppm: 2, wanderPpb: 3, seed: 4 };
    expect(ptp4lConfig({ ...grandmaster, clock }, 'bc.uds', 3)).toMatch(/^free_running 0$/m);
  });

  it('has the transport, this clock’s own settings and a socket of its own', () => {
    expect(text).toMatch(/^\[global\]\n/);
    expect(text).toMatch(/^network_transport UDPv4$/m);
    expect(text).toMatch(/^masterOnly 1$/m);
    expect(text).toMatch(/^uds_address \/run\/lab\/gm\.uds$/m);
  });
});

describe('sections of a ptp4l configuration', () => {
  it('come behind the global one', () => {
    const text = ptp4lConfig(
      {
        ...{ directory: '/d', transport: 'UDPv4', mechanism: 'P2P', interfaces: [], settings: {} },
        sections: { sw1: { delayAsymmetry: 1000 } },
      },
      'x',
      3,
    );
    expect(text).toMatch(/^delay_mechanism P2P$/m);
    expect(text).toMatch(/\n\[sw1\]\ndelayAsymmetry 1000\n$/);
  });
});

describe('linuxptp’s versions', () => {
  it.each([
    ['3.1.1\n', 3],
    ['4.2-00003-gabcdef', 4],
    ['v4.4', 4],
    ['', 0],
  ])('%j is major version %d', (text, major) => {
    expect(majorVersion(text)).toBe(major);
  });

  it('have a second socket from 4 on, and do not know its name before', () => {
    const options = { directory: '/d', transport: 'L2', interfaces: [], settings: {} } as const;
    expect(ptp4lConfig(options, 'x', 3)).not.toContain('uds_ro_address');
    expect(ptp4lConfig(options, 'x', 4)).toContain('uds_ro_address /d/x-ro\n');
  });
});

describe('what the lab tells the agent', () => {
  it('differs between bridge and transparent clock in the ports’ PTP mode only', () => {
    const transparent = agentConfig('native', 'transparent');
    expect(transparent.replaceAll('ptp: transparent', 'ptp: off')).toBe(
      agentConfig('native', 'off').replaceAll('ptp: "off"', 'ptp: off'),
    );
    expect(parse(transparent)).toMatchObject({
      target: { kind: 'native', address: '127.0.0.1:9559', deviceId: 1 },
      ports: [
        { number: 1, ptp: 'transparent' },
        { number: 2, ptp: 'transparent' },
        { number: 3, ptp: 'transparent' },
      ],
    });
  });
});

describe('what the lab tells the agent of a transparent clock', () => {
  const plain = { sourcePtp: 'blocked', delayAsymmetryNs: 0 } as const;
  const portsOf = (settings: Parameters<typeof switchConfig>[1], ports = 3) =>
    (parse(switchConfig('native', settings, ports)) as { ports: Record<string, unknown>[] }).ports;

  it('is two-step on every port', () => {
    const ports = portsOf({ ptp: 'transparent', step: 'two', ...plain });
    expect(ports.map(({ step }) => step)).toEqual(['two', 'two', 'two']);
    expect(ports.map(({ ptp }) => ptp)).toEqual(['transparent', 'transparent', 'blocked']);
  });

  it('is peer delay towards the clocks, and no PTP towards the cross traffic', () => {
    const ports = portsOf({ ptp: 'transparentP2P', step: 'one', ...plain });
    expect(ports).toMatchObject([
      { ptp: 'transparentP2P', peerDelay: { logInterval: -4, responder: 'one' } },
      { ptp: 'transparentP2P', peerDelay: { logInterval: -4, responder: 'one' } },
      { ptp: 'blocked' },
    ]);
  });

  it('is a tag that every frame must have', () => {
    const ports = portsOf({ ptp: 'transparent', step: 'one', taggedVlan: 10, ...plain });
    expect(ports[0]).toMatchObject({ vlan: { native: 'none', tagged: [10] } });
  });

  it('is asymmetry of the port towards the grandmaster alone', () => {
    const ports = portsOf({ ...plain, ptp: 'transparent', step: 'one', delayAsymmetryNs: 1000 }, 2);
    expect(ports.map(({ timing }) => timing)).toEqual([{ delayAsymmetryNs: 1000 }, undefined]);
  });
});

describe('what the lab tells bmv2', () => {
  it('is the rate and the bound in frames of cross traffic', () => {
    expect(bmv2QueueCommands(100_000_000, 131_072)).toBe(
      'set_queue_depth 86 2\nset_queue_rate 8127 2\n',
    );
  });
});

describe('what a program said last', () => {
  it('is told once, and without the wrapping of a log', () => {
    const log = '{"level":50,"time":1,"msg":"no \\"switch\\" there"}';
    expect(lastWords(['starting', log, log])).toBe('starting | no \\"switch\\" there');
    expect(lastWords([])).toBe('it said nothing');
  });

  it('is never longer than a table can bear', () => {
    expect(lastWords(['x'.repeat(1000)]).length).toBeLessThan(250);
  });
});
