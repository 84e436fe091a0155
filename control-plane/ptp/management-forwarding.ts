/** Management messages that a boundary clock passes on: IEEE 1588-2019 15.3.3. */
import { decodeMessage } from '#wire/ptp-message';
import type { PortState } from './data-sets.js';

/** Ports that management goes in and out by: those that PTP messages cross. */
const OPEN_STATES: ReadonlySet<PortState> = new Set([
  'master',
  'preMaster',
  'slave',
  'uncalibrated',
]);

/** 13.13: within the message. */
const BOUNDARY_HOPS_OFFSET = 45;

export interface PassedOn {
  readonly portNumbers: readonly number[];
  /** The message with one boundary hop less. */
  readonly octets: Uint8Array;
}

export interface ForwardingPort {
  readonly portNumber: number;
  readonly portState: PortState;
}

/**
 * To all open ports but the one that it came in by. Null: it ends here: nobody else is meant, no hop
 * is left, it came in by a port that is not open, or it is no management message.
 */
export function passManagementOn(
  octets: Uint8Array,
  ingressPort: number,
  clockIdentity: bigint,
  ports: readonly ForwardingPort[],
): PassedOn | null {
  const decoded = decodeMessage(octets);
  if (!decoded.ok || decoded.value.kind !== 'management') return null;
  const { boundaryHops, targetPortIdentity, header } = decoded.value;
  if (boundaryHops === 0 || targetPortIdentity.clockIdentity === clockIdentity) return null;
  // One of ours that came back: a loop of the network, which hops alone would let run on.
  if (header.sourcePortIdentity.clockIdentity === clockIdentity) return null;
  const isOpen = ({ portState }: ForwardingPort): boolean => OPEN_STATES.has(portState);
  const ingress = ports.find(({ portNumber }) => portNumber === ingressPort);
  if (ingress === undefined || !isOpen(ingress)) return null;
  const portNumbers = ports
    .filter((port) => isOpen(port) && port.portNumber !== ingressPort)
    .map(({ portNumber }) => portNumber);
  if (portNumbers.length === 0) return null;
  const passed = octets.slice();
  passed[BOUNDARY_HOPS_OFFSET] = boundaryHops - 1;
  return { portNumbers, octets: passed };
}
