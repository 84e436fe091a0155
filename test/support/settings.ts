/** Settings of a plain transparent clock, to be changed where a test wants something else. */
import type {
  PeerDelaySettings,
  PortSettings,
  PortTiming,
  SwitchSettings,
} from '#dataplane/settings';
import { macFromBits, portNumber, vlanId } from '#units/identity';
import { logInterval, nanoseconds, scaledNs } from '#units/time';

export const NO_TIMING: PortTiming = {
  ingressLatency: scaledNs(0n),
  egressLatency: scaledNs(0n),
  delayAsymmetry: scaledNs(0n),
  residenceLimit: null,
};

export const NO_PEER_DELAY: PeerDelaySettings = {
  enabled: false,
  transport: 'ethernet',
  logInterval: logInterval(0),
  responder: 'two',
  convention: 'ieee1588',
  neighborPropDelayThresh: nanoseconds(800n),
  allowedLostResponses: 9,
  filterLength: 10,
};

export const OWN_IDENTITY = 0x0200_00ff_fe00_0100n;

export const port = (number: number, overrides: Partial<PortSettings> = {}): PortSettings => ({
  number: portNumber(number),
  name: `p${number}`,
  ptp: 'transparent',
  step: 'one',
  ptpPriority: 0,
  instances: [],
  timing: NO_TIMING,
  peerDelay: NO_PEER_DELAY,
  address: { mac: macFromBits(0x0200_0000_0100n + BigInt(number)), ipv4: 0n, ipv6: 0n },
  acceptMasters: [],
  marking: { pcp: null, dscp: null },
  puntLimit: { perSecond: 256, burst: 64 },
  delayResponder: null,
  nativeVlan: vlanId(1),
  taggedVlans: [],
  ...overrides,
});

export const settings = (...ports: PortSettings[]): SwitchSettings => ({
  clock: { identity: OWN_IDENTITY, domainNumber: 0 },
  syntonize: null,
  boundary: null,
  ledger: { sampleEvery: 0, perSecond: 64 },
  management: { socket: null, udp: false, ethernet: false },
  ports,
  malformed: {
    truncated: 'drop',
    unknownVersion: 'drop',
    lengthBeyondFrame: 'drop',
    lengthTooShort: 'drop',
  },
});
