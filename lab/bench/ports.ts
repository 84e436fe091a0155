/**
 * What a frame costs from one interface to another, by processor time, in a loop that is closed: see
 * native/port_loop.c. Sender, kernel and forwarder are one thread, so the figure holds on a busy
 * machine, too, where a rate without loss says little.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError } from '../lab-error.js';
import { runCommand } from '../namespaces/commands.js';
import type { ForwardingBench, Traffic } from './forwarding.js';
import { benchPlan } from './mix.js';
import { buildPipeline, programPath } from './native-programs.js';
import { type BenchResult, type Contest, type Target, interleave, judge } from './results.js';
import { engineStateFile } from './switch-state.js';

export interface PortsScale {
  readonly rounds: number;
  readonly packets: number;
}

export const FULL: PortsScale = { rounds: 7, packets: 400_000 };
export const QUICK: PortsScale = { rounds: 3, packets: 100_000 };

type Io = 'auto' | 'packet' | 'xdp' | 'null';

const contest = (name: string, baseline: string, ...targets: Target[]): Contest => ({
  name: `a frame over veth, ${name}`,
  baseline,
  unit: 'ns CPU/packet, sender included',
  direction: 'cost',
  targets,
});

const againstNull = (name: string): Contest =>
  contest(name, 'null AF_PACKET forwarder', {
    what: `the null forwarder’s processor time a frame over veth, ${name}, over ours`,
    figure: 'ratio',
    unit: '×',
  });

interface PortsContest {
  readonly contest: Contest;
  readonly traffic: Traffic;
  readonly baseline: Io;
}

export const CONTESTS: readonly PortsContest[] = [
  { contest: againstNull('plain'), traffic: 'plain', baseline: 'null' },
  { contest: againstNull('PTP mix'), traffic: 'mix', baseline: 'null' },
  { contest: contest('plain vs io=packet', 'io=packet'), traffic: 'plain', baseline: 'packet' },
  { contest: contest('plain vs io=xdp', 'io=xdp'), traffic: 'plain', baseline: 'xdp' },
];

const reportSchema = z.object({
  packets: z.number(),
  outputs: z.number(),
  nsPerPacket: z.number(),
});

/** The engine with io=auto against the baseline. */
export async function contestOf(
  bench: ForwardingBench,
  { contest: one, traffic, baseline }: PortsContest,
  scale: PortsScale,
  progress: (text: string) => void,
): Promise<BenchResult> {
  const { sharedObject, layout } = await buildPipeline('main_native');
  const state = join(bench.directory, 'ports.state');
  writeFileSync(state, engineStateFile(layout, benchPlan()));
  const frames = join(bench.directory, `${traffic}.frames`);
  const cost = async (io: Io): Promise<number> => {
    const fixed = [sharedObject, state, frames, String(scale.packets)];
    const said = await runCommand([programPath('port_loop'), ...fixed, io, 'a0', 'a1', 'b1']);
    const { packets, outputs, nsPerPacket } = reportSchema.parse(JSON.parse(said));
    if (packets === outputs) return nsPerPacket;
    throw new LabError('no-samples', `${io}: of ${packets} frames ${outputs} came out`);
  };
  const rounds = await interleave(
    scale.rounds,
    () => cost('auto'),
    () => cost(baseline),
    (round) => progress(`${one.name}: round ${round + 1} of ${scale.rounds}`),
  );
  return judge(one, rounds);
}
