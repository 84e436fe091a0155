/**
 * A row of switches between a grandmaster and a client; none makes a direct link.
 *
 *     grandmaster gm0 ── sw1 [switch 1] sw2 ── sw1 [switch 2] sw2 ── … ── cl0 client
 *                            │ sw3                                     └ sink0 sink (own MAC)
 *                            └── src0 source of cross traffic
 *
 * Each switch has a namespace of its own, so that all of them are configured alike. In a VLAN the
 * clocks speak on gm0.10 and cl0.10, and every frame of theirs has one tag on every link. Where the
 * kernel has no VLAN interfaces they speak on gm0 and cl0, and a program on the link's ends tags.
 */
import { LabError } from '../lab-error.js';
import { helperPath } from '../peers/helpers.js';
import { startProcess, type ManagedProcess } from '../peers/managed-process.js';
import { addStation, addVlan, hasVlanInterfaces, linkNamespaces, type Interface } from './links.js';
import type { Namespace } from './namespaces.js';
import { at, buildOnNamespaces, type SwitchSite } from './switched-path.js';

export const LAB_VLAN = 10;

/** A switch's place in the row. */
export interface SwitchPlace extends SwitchSite {
  /** Towards grandmaster and client, or their VLANs: where a switch that speaks PTP itself does. */
  readonly clockPorts: readonly [Interface, Interface];
}

export interface ChainPath {
  /** Where the clocks speak. */
  readonly grandmaster: Interface;
  readonly client: Interface;
  /** Where their frames pass, in a VLAN with the tag. */
  readonly grandmasterLink: Interface;
  readonly clientLink: Interface;
  readonly switches: readonly SwitchPlace[];
  /** Undefined on a direct link. */
  readonly crossTraffic?: { readonly source: Interface; readonly sink: Interface };
  close(): Promise<void>;
}

export interface ChainOptions {
  readonly switches: number;
  readonly vlan: boolean;
  /** Whether switches speak PTP inside the VLAN themselves, rather than forward tagged frames. */
  readonly switchesSpeak: boolean;
  /** Which addresses the clocks get. */
  readonly addresses: 'none' | 'ipv4' | 'ipv6';
}

interface Addressed {
  readonly ipv4?: string;
  readonly ipv6?: string;
}

/** Addresses of documentation (RFC 5737, RFC 3849), by host number 1 to 254. */
function addressed(kind: ChainOptions['addresses'], host: number): Addressed {
  if (kind === 'ipv4') return { ipv4: `192.0.2.${host}/24` };
  if (kind === 'ipv6') return { ipv6: `2001:db8::${host.toString(16)}/64` };
  return {};
}

const octet = (value: number) => value.toString(16).padStart(2, '0');

type Tagging = 'none' | 'vlan-interface' | 'tagger';

interface Station {
  /** The end of the link. */
  readonly link: Interface;
  /** Where PTP is spoken: the same, or its VLAN. */
  readonly clock: Interface;
}

function station(
  tagging: Tagging,
  namespace: Namespace,
  name: string,
  mac: string,
  addresses: Addressed,
): Station {
  if (tagging !== 'vlan-interface') {
    const link = { namespace, name, mac, ...addresses };
    return { link, clock: link };
  }
  const link = { namespace, name, mac };
  return { link, clock: { ...link, name: `${name}.${LAB_VLAN}`, ...addresses } };
}

interface Place {
  readonly place: SwitchPlace;
  readonly stations: readonly Station[];
}

function placeOf(
  options: ChainOptions,
  tagging: Tagging,
  namespace: Namespace,
  index: number,
): Place {
  const port = (number: number) =>
    station(
      options.switchesSpeak ? tagging : 'none',
      namespace,
      `sw${number}`,
      `02:74:70:01:${octet(index)}:${octet(number)}`,
      options.switchesSpeak ? addressed(options.addresses, 10 + 2 * index + number) : {},
    );
  const [up, down] = [port(1), port(2)];
  const source = { namespace, name: 'sw3', mac: `02:74:70:01:${octet(index)}:03` };
  return {
    place: {
      switchNamespace: namespace,
      ports: index === 0 ? [up.link, down.link, source] : [up.link, down.link],
      clockPorts: [up.clock, down.clock],
    },
    stations: [up, down],
  };
}

const TAGGER_TIMEOUT_MS = 2000;

/** Takes and gives tags at an end of a link, until the process ends. */
async function startTagger({ namespace, name }: Interface): Promise<ManagedProcess> {
  const tagger = startProcess({
    label: `the VLAN tagger of ${name}`,
    argv: [helperPath('vlan_tagger'), name, String(LAB_VLAN)],
    namespace,
  });
  try {
    await tagger.line(/^ready$/, TAGGER_TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new LabError('precondition', `no VLAN interfaces in this kernel, and ${error.message}`);
  }
  return tagger;
}

async function tagLinks(tagging: Tagging, stations: readonly Station[]): Promise<ManagedProcess[]> {
  if (tagging === 'none') return [];
  if (tagging === 'tagger') {
    return Promise.all(stations.map(({ link }) => startTagger(link)));
  }
  for (const { link, clock } of stations) await addVlan(link, clock, LAB_VLAN);
  return [];
}

async function taggingOf(vlan: boolean): Promise<Tagging> {
  if (!vlan) return 'none';
  return (await hasVlanInterfaces()) ? 'vlan-interface' : 'tagger';
}

/** Opens the namespaces and links them. Throws LabError where the machine cannot. */
export async function buildChain(options: ChainOptions): Promise<ChainPath> {
  const tagging = await taggingOf(options.vlan);
  const switchLabels = Array.from({ length: options.switches }, (_, i) => `switch ${i + 1}`);
  const trafficLabels = options.switches === 0 ? [] : ['source', 'sink'];
  const labels = ['grandmaster', 'client', ...switchLabels, ...trafficLabels];
  return buildOnNamespaces(labels, async (namespaces, close) => {
    const end = (index: number, name: string, mac: string, host: number) =>
      station(tagging, at(namespaces, index), name, mac, addressed(options.addresses, host));
    const grandmaster = end(0, 'gm0', '02:74:70:00:01:01', 1);
    const client = end(1, 'cl0', '02:74:70:00:02:01', 2);
    const places = switchLabels.map((_, i) => placeOf(options, tagging, at(namespaces, 2 + i), i));
    const stations = [grandmaster, ...places.flatMap((place) => place.stations), client];
    for (let i = 0; i < stations.length; i += 2) {
      const [a, b] = [stations[i], stations[i + 1]];
      if (a !== undefined && b !== undefined) await linkNamespaces(a.link, b.link);
    }
    const speaking = options.switchesSpeak ? stations : [grandmaster, client];
    const taggers = await tagLinks(tagging, speaking);
    const switches = places.map(({ place }) => place);
    return {
      ...{ grandmaster: grandmaster.clock, client: client.clock },
      ...{ grandmasterLink: grandmaster.link, clientLink: client.link },
      switches,
      ...(await connectTraffic(switches[0], client.link, namespaces)),
      close: async () => {
        await Promise.all(taggers.map((tagger) => tagger.stop()));
        await close();
      },
    };
  });
}

async function connectTraffic(
  first: SwitchPlace | undefined,
  client: Interface,
  namespaces: readonly Namespace[],
): Promise<Pick<ChainPath, 'crossTraffic'>> {
  const towardsSource = first?.ports[2];
  if (towardsSource === undefined) return {};
  const sourceNamespace = at(namespaces, namespaces.length - 2);
  const sinkNamespace = at(namespaces, namespaces.length - 1);
  const source = { namespace: sourceNamespace, name: 'src0', mac: '02:74:70:00:03:01' };
  const sink = { namespace: sinkNamespace, name: 'sink0', mac: '02:74:70:00:02:02' };
  await linkNamespaces(source, towardsSource);
  await addStation(client, sink);
  return { crossTraffic: { source, sink } };
}
