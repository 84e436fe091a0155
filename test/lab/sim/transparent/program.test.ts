/**
 * The simulator's transparent clock and the compiled P4 program in the same small network: grandmaster,
 * two of them in a row, two clients. All that passes on every link must be the same, to the nanosecond.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { scaledNs } from '#units/time';
import { macAddress, macBits } from '#units/identity';
import { encodeMessage } from '#wire/ptp-message';
import { hex } from '#lab/bench/frames';
import { wires } from '#lab/sim/channels';
import { clockConfig, grandmasterConfig } from '#lab/sim/clocks';
import type { Station } from '#lab/sim/link-types';
import { PtpNode } from '#lab/sim/ptp-node';
import { TransparentNode } from '#lab/sim/transparent/node';
import { World } from '#lab/sim/world';
import { planOf, VirtualSwitch } from '../../../vectors/virtual-switch.js';
import { ProgramNode } from './program-node.js';

const seed = 1_588;
const NS = 1n << 16n;
const RESIDENCE_NS = 8_467;
const SECONDS = 20;
const PORTS = [1, 2] as const;
const LATENCY = { ingress: 40n * NS + 3n, egress: 71n * NS, asymmetry: 900n * NS + 0x8000n };
const LINK_DELAY = scaledNs(500n * NS);
/** The engine's clock does not go below zero. */
const OSCILLATORS = [
  { ppm: 13.7, offsetNs: 1_000_000 },
  { ppm: -4.2, offsetNs: 5_000_123 },
];

interface Case {
  readonly mechanism: 'e2e' | 'p2p';
  /** How the grandmaster sends, and by which port the transparent clocks leave two-step. */
  readonly master: 'one' | 'two';
  readonly twoStep: readonly number[];
}

const CASES: readonly Case[] = (['e2e', 'p2p'] as const).flatMap((mechanism) =>
  (['one', 'two'] as const).flatMap((master) =>
    [[], [2], [1, 2]].map((twoStep) => ({ mechanism, master, twoStep })),
  ),
);

const SPOKEN = {
  e2e: ['announce', 'sync', 'delayReq', 'delayResp'],
  p2p: ['announce', 'sync', 'pdelayReq', 'pdelayResp', 'pdelayRespFollowUp'],
} as const;

let open: VirtualSwitch[] = [];
afterEach(() => {
  for (const device of open) device.close();
  open = [];
});

const identityOf = (index: number) => 0x0200_00ff_fe00_1000n + BigInt(index);

function modelled(world: World, index: number, { mechanism, twoStep }: Case): Station {
  const terms = {
    mechanism,
    ingressLatency: scaledNs(LATENCY.ingress),
    egressLatency: scaledNs(LATENCY.egress),
    delayAsymmetry: scaledNs(LATENCY.asymmetry),
  };
  const node = new TransparentNode(world, `switch ${index}`, {
    clockIdentity: identityOf(index),
    residenceNs: RESIDENCE_NS,
    oscillator: OSCILLATORS[index] ?? {},
    ports: new Map(PORTS.map((port) => [port, { ...terms, twoStep: twoStep.includes(port) }])),
    peerDelay: { twoStep: index === 1, turnaroundNs: RESIDENCE_NS },
  });
  for (const port of PORTS) node.model.setMeanLinkDelay(port, LINK_DELAY);
  return node;
}

async function compiled(world: World, index: number, one: Case): Promise<Station> {
  const { mechanism, twoStep } = one;
  const plan = {
    ...planOf(...PORTS),
    portModes: new Map(PORTS.map((port) => [port, mechanism === 'p2p' ? 3 : 1] as const)),
    twoStepPorts: twoStep,
    timing: PORTS.map((port) => ({
      port,
      ingressLatency: LATENCY.ingress,
      egressLatency: LATENCY.egress,
      asymmetry: LATENCY.asymmetry,
      residenceLimitNs: 0n,
      meanLinkDelay: 500n * NS,
    })),
    peerDelay:
      mechanism === 'e2e'
        ? []
        : PORTS.map((port) => ({
            port,
            clockIdentity: identityOf(index),
            portNumber: port,
            mac: macBits(macAddress('02:00:00:00:00:01')),
            ipv4: 0n,
            ipv6: 0n,
            twoStep: index === 1,
          })),
  };
  const device = await VirtualSwitch.open('main_native', plan);
  open.push(device);
  return new ProgramNode(world, `switch ${index}`, device, {
    residenceNs: RESIDENCE_NS,
    oscillator: OSCILLATORS[index] ?? {},
  });
}

type Make = (world: World, index: number, one: Case) => Station | Promise<Station>;

/** All that is sent in such a network, and where its client's clock is in the end. */
async function conversation(one: Case, make: Make) {
  const trace: string[] = [];
  const world = new World({
    seed,
    onFrame: ({ message }, from, port, atNs) => {
      trace.push(`${atNs} ${from.name} ${port} ${message.kind} ${hex(encodeMessage(message))}`);
    },
  });
  const port = {
    delayMechanism: one.mechanism,
    step: one.master,
    logSyncInterval: -2,
  } as const;
  const master = new PtpNode(world, 'grandmaster', {
    config: grandmasterConfig({ identity: 0x1n, ports: 1, port }),
  });
  const client = new PtpNode(world, 'client', {
    config: clockConfig({ identity: 0x2n, ports: 1, port, instance: { slaveOnly: true } }),
    oscillator: { ppm: 7 },
  });
  const switches = [await make(world, 0, one), await make(world, 1, one)];
  const row = [master, ...switches, client];
  for (const [index, station] of row.slice(1).entries()) {
    const above = row[index] ?? master;
    const [there, back] = wires(500 + index);
    world.link({ station: above, port: index === 0 ? 1 : 2 }, { station, port: 1 }, there, back);
  }
  master.start();
  client.start(100_000);
  world.run(SECONDS);
  return { trace, errorNs: client.errorNs };
}

describe(`a network with the simulator's transparent clocks and with the compiled program (seed ${seed})`, () => {
  it.each(CASES)(
    'is the same: $mechanism, $master-step grandmaster, two-step by ports $twoStep',
    async (one) => {
      const ours = await conversation(one, modelled);
      const program = await conversation(one, compiled);
      expect(ours.trace.length).toBeGreaterThan(200);
      const kinds = new Set(ours.trace.map((line) => line.split(' ').at(-2)));
      for (const kind of SPOKEN[one.mechanism]) expect(kinds).toContain(kind);
      const differs = ours.trace.findIndex((line, index) => line !== program.trace[index]);
      expect(program.trace[differs], `frame ${differs}`).toEqual(ours.trace[differs]);
      expect(program.trace).toHaveLength(ours.trace.length);
      expect(program.errorNs).toBe(ours.errorNs);
    },
  );
});
