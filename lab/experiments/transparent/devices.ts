/** Puts a row's device, or several of them, between the clocks. */
import type { AgentSettings } from '../../peers/agent.js';
import { startAgent } from '../../peers/agent.js';
import { startConfiguredBmv2 } from '../../peers/bmv2.js';
import type { ManagedProcess } from '../../peers/managed-process.js';
import { startNativeDataplane } from '../../peers/native-switch.js';
import { forwardTrafficInKernel, startPtp4lClock } from '../../peers/ptp4l-tc.js';
import { forEachPlace } from '../../peers/switch-row.js';
import { LAB_VLAN, type ChainPath, type SwitchPlace } from '../../namespaces/chain.js';
import type { QueueLimits } from '../../namespaces/links.js';
import type { Comparison, Row } from './rows.js';

export interface DeviceOptions {
  readonly comparison: Comparison;
  readonly row: Row;
  readonly path: ChainPath;
  readonly limits: QueueLimits;
  readonly directory: string;
  /** Called with everything as it is started, so that it is stopped whatever comes after. */
  readonly onStart: (process: ManagedProcess) => void;
}

export interface Devices {
  readonly processes: () => readonly ManagedProcess[];
  /** Why they cannot be measured under load; undefined where they can. */
  readonly noLoadReason?: string;
  /** Sets delayAsymmetry of the first device's port towards the grandmaster. */
  setAsymmetry(asymmetryNs: number): Promise<void>;
}

function agentSettings({ comparison, row }: DeviceOptions, asymmetryNs: number): AgentSettings {
  return {
    ptp: comparison.mechanism === 'P2P' ? 'transparentP2P' : 'transparent',
    // As with ptp4l's own, PTP is between the clocks alone.
    sourcePtp: 'blocked',
    step: row.step ?? 'one',
    ...(comparison.vlan ? { taggedVlan: LAB_VLAN } : {}),
    delayAsymmetryNs: asymmetryNs,
  };
}

const siteOptions = (options: DeviceOptions, place: SwitchPlace) => ({
  path: place,
  limits: options.limits,
  directory: options.directory,
  transport: options.comparison.transport,
  onStart: options.onStart,
});

async function startNative(options: DeviceOptions): Promise<Devices> {
  const { directory, onStart, path } = options;
  const switches: ManagedProcess[] = [];
  const agents = new Map<SwitchPlace, ManagedProcess>();
  const configure = async (place: SwitchPlace, asymmetryNs: number) => {
    const settings = agentSettings(options, asymmetryNs);
    const shared = { directory, kind: 'native' as const, settings, onStart };
    agents.set(place, await startAgent({ path: place, ...shared }));
  };
  await forEachPlace(path.switches, async (place) => {
    switches.push(await startNativeDataplane(siteOptions(options, place)));
    await configure(place, 0);
  });
  return {
    processes: () => [...switches, ...agents.values()],
    setAsymmetry: async (asymmetryNs) => {
      const [first] = path.switches;
      if (first === undefined) return;
      await agents.get(first)?.stop();
      await configure(first, asymmetryNs);
    },
  };
}

async function startPtp4l(options: DeviceOptions): Promise<Devices> {
  const { comparison, path, directory, onStart, limits } = options;
  const clocks = new Map<SwitchPlace, ManagedProcess>();
  const start = async (place: SwitchPlace, delayAsymmetryNs: number) => {
    const { transport, mechanism } = comparison;
    const { clockPorts } = place;
    const shared = { directory, transport, mechanism, clockPorts, delayAsymmetryNs, onStart };
    clocks.set(place, await startPtp4lClock(shared));
  };
  const [first] = path.switches;
  const alone = path.switches.length === 1;
  // The kernel's way for cross traffic would take PTP along where it is not a port of its own.
  if (first !== undefined && alone) await forwardTrafficInKernel({ path: first, limits });
  await forEachPlace(path.switches, (place) => start(place, 0));
  return {
    processes: () => [...clocks.values()],
    ...(alone ? {} : { noLoadReason: 'several of them have no way for cross traffic' }),
    setAsymmetry: async (asymmetryNs) => {
      if (first === undefined) return;
      await clocks.get(first)?.stop();
      await start(first, asymmetryNs);
    },
  };
}

async function startBmv2(options: DeviceOptions): Promise<Devices> {
  const [first] = options.path.switches;
  if (first === undefined) throw new Error('bmv2 needs a place');
  const settings = agentSettings(options, 0);
  const forwarder = await startConfiguredBmv2(siteOptions(options, first), settings);
  return {
    processes: () => forwarder.processes,
    ...(forwarder.noLoadReason === undefined ? {} : { noLoadReason: forwarder.noLoadReason }),
    setAsymmetry: () => Promise.reject(new Error('bmv2 is not measured with asymmetry')),
  };
}

/** Starts them and waits until each says that it is ready. Throws LabError. */
export async function startDevices(options: DeviceOptions): Promise<Devices> {
  switch (options.row.device) {
    case 'direct':
      return { processes: () => [], setAsymmetry: () => Promise.resolve() };
    case 'native':
      return startNative(options);
    case 'ptp4l':
      return startPtp4l(options);
    case 'bmv2':
      return startBmv2(options);
  }
}
