/** The embedded switch and its agent: the thing that this lab is about. */
import {
  AGENT_STATUS_ADDRESS,
  P4RUNTIME_ADDRESS,
  SWITCH_STATUS_ADDRESS,
  firstLightSettings,
  startAgent,
  timeplane,
  type AgentSettings,
  type PtpMode,
} from './agent.js';
import { WIRE_OVERHEAD_BYTES, type QueueLimits } from '../namespaces/links.js';
import type { Forwarder, ForwarderOptions } from './forwarder.js';
import { startProcess, type ManagedProcess } from './managed-process.js';
import { oscillatorOption, type OwnClock } from './own-clock.js';

const READY_TIMEOUT_MS = 20_000;

export interface DataplaneOptions extends Pick<ForwarderOptions, 'path' | 'limits' | 'onStart'> {
  /** Its oscillator; without one it counts by the machine's clock. */
  readonly clock?: OwnClock;
}

/** Of port 2, towards the client. One priority: PTP waits with everything else, as it does in a switch that
 * knows no priorities. */
export function queueOption({ rateBitsPerSecond, boundBytes }: QueueLimits): string {
  return `2:rate=${rateBitsPerSecond},bound=${boundBytes},priorities=1,overhead=${WIRE_OVERHEAD_BYTES}`;
}

/** The switch alone: it forwards nothing until an agent has given it its pipeline. */
export async function startNativeDataplane(options: DataplaneOptions): Promise<ManagedProcess> {
  const { path, limits, clock } = options;
  const ports = path.ports.flatMap((port, index) => ['--port', `${index + 1}=${port.name}`]);
  const process = startProcess({
    label: `timeplane switch in ${path.switchNamespace.label}`,
    argv: timeplane(
      ...['switch', '--listen', P4RUNTIME_ADDRESS, '--device-id', '1', '--cpu-port', '510'],
      ...ports,
      ...['--queue', queueOption(limits), '--status', SWITCH_STATUS_ADDRESS],
      ...(clock === undefined ? [] : ['--oscillator', oscillatorOption(clock)]),
    ),
    namespace: path.switchNamespace,
  });
  options.onStart(process);
  await process.line(/^ready\b/, READY_TIMEOUT_MS);
  return process;
}

const NOTES = [
  `curl http://${SWITCH_STATUS_ADDRESS}/status.json   # in the switch's namespace`,
  `curl http://${AGENT_STATUS_ADDRESS}/status.json`,
];

/** Switch and agent; with the agent as configured. */
export async function startConfiguredSwitch(
  options: ForwarderOptions,
  settings: AgentSettings,
): Promise<Forwarder> {
  const process = await startNativeDataplane(options);
  const { path, directory, onStart } = options;
  const agent = await startAgent({ path, directory, kind: 'native', settings, onStart });
  return { processes: [process, agent], notes: NOTES };
}

/** First light's. */
export function startNativeSwitch(options: ForwarderOptions, ptp: PtpMode): Promise<Forwarder> {
  return startConfiguredSwitch(options, firstLightSettings(ptp));
}
