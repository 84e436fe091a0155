/** Links between namespaces: veth pairs as much like a wire as a veth pair can be. */
import { runCommand, tryCommand } from './commands.js';
import type { Namespace } from './namespaces.js';

export const MTU_BYTES = 1500;

/** One end of a link. */
export interface Interface {
  readonly namespace: Namespace;
  readonly name: string;
  readonly mac: string;
  /** With prefix length; only where the transport needs one. */
  readonly ipv4?: string;
  /** As `ipv4`. Without it nothing speaks IPv6 on the interface. */
  readonly ipv6?: string;
}

/**
 * Offloads leave checksums unfinished and make frames longer than the MTU: a switch in user space
 * would see neither what left nor what is to arrive.
 */
const OFFLOADS = ['tx', 'rx', 'sg', 'tso', 'gso', 'gro'];

/** Frames on a link are ours alone: no router solicitations, no duplicate address detection. */
async function prepare(end: Interface): Promise<void> {
  const offload = OFFLOADS.flatMap((feature) => [feature, 'off']);
  await runCommand(end.namespace.inside(['ethtool', '-K', end.name, ...offload]));
  await bringUp(end);
}

async function bringUp(end: Interface): Promise<void> {
  const commands = [
    `link set dev ${end.name} addrgenmode none`,
    ...(end.ipv4 === undefined ? [] : [`address add ${end.ipv4} dev ${end.name}`]),
    // An address that is not asked about first: it is there at once, and nothing is sent.
    ...(end.ipv6 === undefined ? [] : [`address add ${end.ipv6} dev ${end.name} nodad`]),
    `link set dev ${end.name} up`,
  ];
  await runCommand(end.namespace.inside(['ip', '-batch', '-']), commands.join('\n'));
}

/** Makes a veth pair with an end in each namespace. */
export async function linkNamespaces(a: Interface, b: Interface): Promise<void> {
  const end = (side: Interface) => [
    ...['name', side.name, 'address', side.mac, 'mtu', String(MTU_BYTES)],
    ...['netns', String(side.namespace.pid)],
  ];
  await runCommand(['ip', 'link', 'add', ...end(a), 'type', 'veth', 'peer', ...end(b)]);
  await prepare(a);
  await prepare(b);
}

/** A second station, in a namespace of its own, behind the same link as `lower`. */
export async function addStation(lower: Interface, station: Interface): Promise<void> {
  await runCommand(
    lower.namespace.inside([
      ...['ip', 'link', 'add', 'link', lower.name, 'name', station.name],
      ...['address', station.mac, 'netns', String(station.namespace.pid)],
      ...['type', 'macvlan', 'mode', 'private'],
    ]),
  );
  await bringUp(station);
}

/** Whether the kernel has VLAN interfaces; a small one may not. */
export async function hasVlanInterfaces(): Promise<boolean> {
  const name = 'vlanprobe';
  const probe = ['ip', 'link', 'add', 'link', 'lo', 'name', name, 'type', 'vlan', 'id', '1'];
  const made = await tryCommand(probe);
  if (made.code === 0) await runCommand(['ip', 'link', 'delete', name]);
  return made.code === 0;
}

/** The same station inside a VLAN: what it sends there leaves `lower` with one tag. */
export async function addVlan(lower: Interface, tagged: Interface, vlan: number): Promise<void> {
  await runCommand(
    lower.namespace.inside([
      ...['ip', 'link', 'add', 'link', lower.name, 'name', tagged.name],
      ...['type', 'vlan', 'id', String(vlan)],
    ]),
  );
  await bringUp(tagged);
}

export interface QueueLimits {
  readonly rateBitsPerSecond: number;
  readonly boundBytes: number;
}

/** Octets that a frame takes on the wire beside itself: FCS, preamble, gap. */
export const WIRE_OVERHEAD_BYTES = 24;
/** Two full frames: the least with which the kernel's token bucket keeps up with its rate. */
const BUCKET_BYTES = 2 * (MTU_BYTES + 14 + WIRE_OVERHEAD_BYTES);

/** Gives an interface a rate and one bounded first-in-first-out queue. */
export async function limitEgress(egress: Interface, limits: QueueLimits): Promise<void> {
  await runCommand(
    egress.namespace.inside([
      ...['tc', 'qdisc', 'add', 'dev', egress.name, 'root', 'tbf'],
      ...['rate', `${limits.rateBitsPerSecond}bit`, 'burst', String(BUCKET_BYTES)],
      ...['limit', String(limits.boundBytes), 'overhead', String(WIRE_OVERHEAD_BYTES)],
    ]),
  );
}

/** Lets the kernel move every frame that comes in at one interface to the queue of another. */
export async function forwardInKernel(ingress: Interface, egress: Interface): Promise<void> {
  const { namespace } = ingress;
  await runCommand(namespace.inside(['tc', 'qdisc', 'add', 'dev', ingress.name, 'ingress']));
  await runCommand(
    namespace.inside([
      ...['tc', 'filter', 'add', 'dev', ingress.name, 'ingress', 'protocol', 'all', 'prio', '1'],
      ...['u32', 'match', 'u32', '0', '0'],
      ...['action', 'mirred', 'egress', 'redirect', 'dev', egress.name],
    ]),
  );
}
