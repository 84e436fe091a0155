/** Puts a row's switches between the clocks. */
import { parse } from 'yaml';
import {
  startAgent,
  startConfiguredAgent,
  switchConfig,
  type AgentSettings,
} from '../../peers/agent.js';
import type { ManagedProcess } from '../../peers/managed-process.js';
import type { SwitchStart } from '../../peers/mininet.js';
import { queueOption, startNativeDataplane } from '../../peers/native-switch.js';
import { oscillatorOption } from '../../peers/own-clock.js';
import { forEachPlace } from '../../peers/switch-row.js';
import type { ChainPath, SwitchPlace } from '../../namespaces/chain.js';
import type { QueueLimits } from '../../namespaces/links.js';
import { boundaryConfig, type Rates } from '../boundary/clocks.js';
import { LAB_OSCILLATOR, otherOscillator } from '../boundary/plan.js';
import type { CompareRow } from './rows.js';

export interface CompareDevicesOptions {
  readonly row: CompareRow;
  readonly path: ChainPath;
  readonly limits: QueueLimits;
  readonly rates: Rates;
  readonly directory: string;
  /** Called with everything as it is started, so that it is stopped whatever comes after. */
  readonly onStart: (process: ManagedProcess) => void;
  /** Called when a switch has begun, from the grandmaster's side on where they begin one by one. */
  readonly onBegun: () => void;
}

const SETTINGS = {
  'tc-one': { ptp: 'transparent', step: 'one' },
  'tc-two': { ptp: 'transparent', step: 'two' },
  bridge: { ptp: 'off', step: 'one' },
} as const satisfies Record<string, Pick<AgentSettings, 'ptp' | 'step'>>;

const agentSettings = (kind: keyof typeof SETTINGS): AgentSettings => ({
  ...SETTINGS[kind],
  sourcePtp: 'blocked',
  delayAsymmetryNs: 0,
});

/** Each boundary clock counts by an oscillator of its own, as each has one. */
const clockOf = (index: number) => (index === 0 ? LAB_OSCILLATOR : otherOscillator(index));

function boundaryText(
  { rates }: Pick<CompareDevicesOptions, 'rates'>,
  { ports }: SwitchPlace,
): string {
  return boundaryConfig(
    { transport: 'L2', mechanism: 'E2E', rates },
    { ports: ports.slice(0, 2) },
    { step: 'two', trafficPorts: ports.length - 2, monitored: true },
  );
}

/** Starts them and waits until each is configured. Throws LabError. */
export async function startCompareDevices(options: CompareDevicesOptions): Promise<void> {
  const { row, path, limits, directory, onStart, onBegun } = options;
  const { kind } = row;
  if (kind === 'direct') return;
  if (kind === 'bc') {
    // One after the other, from the grandmaster on: a clock that has begun to serve its own time would slew.
    for (const [index, place] of path.switches.entries()) {
      const clock = clockOf(index);
      await startNativeDataplane({ path: place, limits, onStart, clock });
      const namespace = place.switchNamespace;
      const config = boundaryText(options, place);
      await startConfiguredAgent({ namespace, config, directory, onStart });
      onBegun();
    }
    return;
  }
  const settings = agentSettings(kind);
  await forEachPlace(path.switches, async (place) => {
    await startNativeDataplane({ path: place, limits, onStart });
    await startAgent({ path: place, kind: 'native', settings, directory, onStart });
    onBegun();
  });
}

/** The same switches for whoever starts them elsewhere: what each of the row is told. */
export function switchStarts({
  row: { kind },
  path,
  limits,
  rates,
}: Pick<CompareDevicesOptions, 'row' | 'path' | 'limits' | 'rates'>): readonly SwitchStart[] {
  const queue = ['--queue', queueOption(limits)];
  return path.switches.map((place, index) => {
    if (kind === 'bc') {
      const oscillator = ['--oscillator', oscillatorOption(clockOf(index))];
      const config: unknown = parse(boundaryText({ rates }, place));
      return { arguments: [...queue, ...oscillator], config };
    }
    if (kind === 'direct') throw new Error('a direct link has no switches');
    const text = switchConfig('native', agentSettings(kind), place.ports.length);
    return { arguments: queue, config: parse(text) as unknown };
  });
}
