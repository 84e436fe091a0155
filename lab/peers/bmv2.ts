/** bmv2's simple_switch_grpc with the same P4 program and the same agent. */
import { LabError } from '../lab-error.js';
import { runCommand } from '../namespaces/commands.js';
import { hasProgram } from '../namespaces/sandbox.js';
import { firstLightSettings, P4RUNTIME_ADDRESS, startAgent, type AgentSettings } from './agent.js';
import type { Forwarder, ForwarderOptions } from './forwarder.js';
import { startProcess } from './managed-process.js';
import { TRAFFIC_FRAME_BYTES } from './traffic.js';

export const BMV2_PROGRAM = 'simple_switch_grpc';
const RUNTIME_CLI = 'simple_switch_CLI';
const THRIFT_PORT = '9090';

/** bmv2 counts frames, not octets: both limits are those of full frames of cross traffic. */
export function bmv2QueueCommands(rateBitsPerSecond: number, boundBytes: number): string {
  const wireBits = 8 * (TRAFFIC_FRAME_BYTES + 24);
  return [
    `set_queue_depth ${Math.floor(boundBytes / TRAFFIC_FRAME_BYTES)} 2`,
    `set_queue_rate ${Math.round(rateBitsPerSecond / wireBits)} 2`,
    '',
  ].join('\n');
}

/** First light's: end-to-end, one-step. */
export function startBmv2(options: ForwarderOptions): Promise<Forwarder> {
  return startConfiguredBmv2(options, firstLightSettings('transparent'));
}

export async function startConfiguredBmv2(
  options: ForwarderOptions,
  settings: AgentSettings,
): Promise<Forwarder> {
  if (!hasProgram(BMV2_PROGRAM)) {
    throw new LabError('precondition', `${BMV2_PROGRAM} is not installed`);
  }
  const { path, limits, directory, onStart } = options;
  const ports = path.ports.flatMap((port, index) => ['-i', `${index + 1}@${port.name}`]);
  const hasCli = hasProgram(RUNTIME_CLI);
  const process = startProcess({
    label: BMV2_PROGRAM,
    argv: [
      ...[BMV2_PROGRAM, '--device-id', '1', '--no-p4', ...ports],
      ...(hasCli ? ['--thrift-port', THRIFT_PORT] : []),
      ...['--', '--grpc-server-addr', P4RUNTIME_ADDRESS, '--cpu-port', '510'],
    ],
    namespace: path.switchNamespace,
  });
  onStart(process);
  // Its own word of readiness stays in its output buffer; the agent tries until it is there.
  const agent = await startAgent({ path, directory, kind: 'bmv2', settings, onStart });
  const processes = [process, agent];
  if (!hasCli) {
    const noLoadReason = `${RUNTIME_CLI} is not installed, so bmv2's port has no rate to fill`;
    return { processes, notes: [], noLoadReason };
  }
  await runCommand(
    path.switchNamespace.inside([RUNTIME_CLI, '--thrift-port', THRIFT_PORT]),
    bmv2QueueCommands(limits.rateBitsPerSecond, limits.boundBytes),
  );
  return { processes, notes: [] };
}
