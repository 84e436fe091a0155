/** What settings ask of a target, held against what it can: in words, for the operator. Pure. */
import { FEATURE_NAMES, FEATURES, type FeatureName } from '#p4rt/features';
import type { Target } from '#p4rt/target';
import { nsOf } from '#units/time';
import { portUses, type PortSettings, type SwitchSettings } from './settings.js';

/** What some key of the configuration asks for, and the target cannot do, or not quite. */
export interface FeatureLimit {
  readonly feature: FeatureName;
  readonly support: 'partly' | 'no';
  /** Such as `ports[1].step`; there may be more that ask for the same. */
  readonly key: string;
  readonly message: string;
}

type Asker = (settings: SwitchSettings) => string | null;

/** Every feature that a configuration can ask for, and the first key that does. */
const ASKERS: Readonly<Partial<Record<FeatureName, Asker>>> = {
  oneStep: firstPort('step', (port) => corrects(port) && port.step === 'one'),
  twoStep: firstPort('step', (port) => corrects(port) && port.step === 'two'),
  waiting: firstPort('step', (port) => corrects(port) && port.step === 'two'),
  peerDelayOneStep: firstPort(
    'peerDelay.responder',
    ({ peerDelay }) => peerDelay.enabled && peerDelay.responder === 'one',
  ),
  peerDelayTwoStep: firstPort(
    'peerDelay.responder',
    ({ peerDelay }) => peerDelay.enabled && peerDelay.responder === 'two',
  ),
  delayResponder: (settings) => (settings.boundary === null ? ownResponder(settings) : 'instance'),
  systemTime: firstPort('delayResponder', ({ delayResponder }) => delayResponder !== null),
  syntonization: ({ syntonize }) => (syntonize === null ? null : 'syntonize'),
  ledger: ({ ledger }) => (ledger.sampleEvery === 0 ? null : 'ledger.sampleEvery'),
  marking: firstPort('marking', ({ marking }) => marking.pcp !== null || marking.dscp !== null),
  priorityQueues: firstPort('ptpPriority', ({ ptpPriority }) => ptpPriority > 0),
};

const ownResponder = firstPort('delayResponder', (port) => port.delayResponder !== null);

function firstPort(key: string, asks: (port: PortSettings) => boolean): Asker {
  return ({ ports }) => {
    const at = ports.findIndex(asks);
    return at < 0 ? null : `ports[${at}].${key}`;
  };
}

function corrects(port: PortSettings): boolean {
  return portUses(port, 'transparent', 'transparentP2P');
}

/** What the settings ask for and the target cannot, or not quite, each once. */
export function featureLimits(target: Target, settings: SwitchSettings): FeatureLimit[] {
  return FEATURE_NAMES.flatMap((feature): FeatureLimit[] => {
    const key = ASKERS[feature]?.(settings) ?? null;
    const { support, why } = target.features[feature];
    if (key === null || support === 'yes') return [];
    const verb = support === 'no' ? 'cannot do' : 'can only partly do';
    const message = `${key}: ${target.description} ${verb} "${FEATURES[feature]}": ${why}`;
    return [{ feature, support, key, message }];
  });
}

/** What is no error, but hardly what was meant: on any target. */
export function settingsAdvice(target: Target, settings: SwitchSettings): string[] {
  const stepNs = nsOf(target.capabilities.timestampResolution);
  return settings.ports.flatMap((port, i) => {
    const advice: string[] = [];
    const { peerDelay } = port;
    if (port.delayResponder !== null && port.address.ipv4 === 0n) {
      advice.push(
        `ports[${i}].address.ipv4 is not set: Delay_Resp over UDP/IPv4 comes from 0.0.0.0, which many clients refuse`,
      );
    }
    const isAs = peerDelay.enabled && peerDelay.convention === 'ieee8021as';
    if (isAs && nsOf(peerDelay.neighborPropDelayThresh) <= stepNs) {
      advice.push(
        `ports[${i}].peerDelay.neighborPropDelayThreshNs is not above one step of the timestamps (${stepNs} ns): the link will hardly be asCapable`,
      );
    }
    if (port.ptp === 'boundary' && port.delayResponder === null && settings.boundary === null) {
      advice.push(
        `ports[${i}].delayResponder is none: Delay_Req on this boundary port goes without an answer`,
      );
    }
    return advice;
  });
}
