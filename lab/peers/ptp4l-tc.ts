/**
 * linuxptp's own transparent clock in the switch's place. It forwards PTP only; cross traffic takes
 * the kernel to the same egress interface, whose token bucket holds PTP and traffic in one queue.
 */
import { forwardInKernel, limitEgress, type Interface } from '../namespaces/links.js';
import type { Forwarder, ForwarderOptions } from './forwarder.js';
import type { ManagedProcess } from './managed-process.js';
import { startPtp4l, type Mechanism } from './ptp4l.js';

const READY_TIMEOUT_MS = 5000;

/** Lets cross traffic through, and gives it and PTP one queue. */
export async function forwardTrafficInKernel({
  path,
  limits,
}: Pick<ForwarderOptions, 'path' | 'limits'>): Promise<void> {
  const [, towardsClient, towardsSource] = path.ports;
  if (towardsClient === undefined || towardsSource === undefined) {
    throw new Error('this switch has no port for a source of cross traffic');
  }
  await limitEgress(towardsClient, limits);
  await forwardInKernel(towardsSource, towardsClient);
}

export interface Ptp4lClockOptions extends Omit<ForwarderOptions, 'limits' | 'path'> {
  /** Where it speaks: towards the grandmaster, and towards the client. */
  readonly clockPorts: readonly Interface[];
  readonly mechanism: Mechanism;
  /** Of the port towards the grandmaster. */
  readonly delayAsymmetryNs: number;
}

/** The clock alone, without cross traffic. */
export async function startPtp4lClock(options: Ptp4lClockOptions): Promise<ManagedProcess> {
  const [towardsGrandmaster, towardsClient] = options.clockPorts;
  if (towardsGrandmaster === undefined || towardsClient === undefined) {
    throw new Error('a transparent clock needs two ports');
  }
  const process = await startPtp4l({
    label: `ptp4l as transparent clock in ${towardsClient.namespace.label}`,
    directory: options.directory,
    transport: options.transport,
    mechanism: options.mechanism,
    interfaces: [towardsGrandmaster, towardsClient],
    settings: { clock_type: `${options.mechanism}_TC`, priority1: 254 },
    ...(options.delayAsymmetryNs === 0
      ? {}
      : { sections: { [towardsGrandmaster.name]: { delayAsymmetry: options.delayAsymmetryNs } } }),
  });
  options.onStart(process);
  await process.line(/LISTENING/, READY_TIMEOUT_MS);
  return process;
}

/** First light's: end-to-end. */
export async function startPtp4lTransparentClock(options: ForwarderOptions): Promise<Forwarder> {
  await forwardTrafficInKernel(options);
  const process = await startPtp4lClock({
    ...options,
    clockPorts: options.path.ports.slice(0, 2),
    mechanism: 'E2E',
    delayAsymmetryNs: 0,
  });
  return { processes: [process], notes: [] };
}
