/**
 * linuxptp's own transparent clock in the switch's place. It forwards PTP only; cross traffic takes
 * the kernel to the same egress interface, whose token bucket holds PTP and traffic in one queue.
 */
import { forwardInKernel, limitEgress } from '../topology/links.js';
import type { Forwarder, ForwarderOptions } from './forwarder.js';
import { startPtp4l } from './ptp4l.js';

const READY_TIMEOUT_MS = 5000;

export async function startPtp4lTransparentClock(options: ForwarderOptions): Promise<Forwarder> {
  const [towardsGrandmaster, towardsClient, towardsSource] = options.path.ports;
  await limitEgress(towardsClient, options.limits);
  await forwardInKernel(towardsSource, towardsClient);
  const process = await startPtp4l({
    label: 'ptp4l as transparent clock',
    directory: options.directory,
    transport: options.transport,
    interfaces: [towardsGrandmaster, towardsClient],
    settings: { clock_type: 'E2E_TC', priority1: 254 },
  });
  options.onStart(process);
  await process.line(/LISTENING/, READY_TIMEOUT_MS);
  return { processes: [process], notes: [] };
}
