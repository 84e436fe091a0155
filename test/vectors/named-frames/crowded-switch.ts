/**
 * One switch on which every frame of the collection has its place: pairs of ports, each pair in a
 * VLAN and in a mode of its own, so that all of them can be in one storm.
 */
import type { AnswerPlan } from '#lab/bench/ptp-plan';
import type { SwitchPlan } from '#lab/bench/switch-state';
import { MASTER, NS } from '../messages.js';

/** Where a frame comes in; it would leave by the next higher number. */
export const PLACES = {
  /** End-to-end, one-step. */
  plain: 1,
  /** End-to-end; what leaves by port 4 leaves two-step. */
  twoStep: 3,
  /** The other way: responses to what left two-step. */
  responses: 4,
  /** Peer-to-peer, peer delay answered one-step. */
  peer: 5,
  /** Boundary, Delay_Req of domain 0 answered. */
  boundary: 7,
  /** End-to-end, for one listed timeTransmitter. */
  listed: 9,
  off: 11,
  blocked: 13,
  /** End-to-end, peer delay answered two-step. */
  answering: 15,
} as const;

export type Place = keyof typeof PLACES;

export const TAGGED_PAIR_VID = 10;
export const OWN_CLOCK = 0x0200_00ff_fe00_0001n;
export const RESIDENCE_LIMIT_NS = 1_000_000_000n;

export function ownPort(port: number): AnswerPlan {
  return {
    port,
    clockIdentity: OWN_CLOCK,
    portNumber: port,
    mac: 0x0200_0000_0000n | BigInt(port),
    ipv4: 0x0a00_0000n | BigInt(port),
    ipv6: 0xfe80_0000_0000_0000_0000_0000_0000_0000n | BigInt(port),
  };
}

/** PTP time at the instant 0 of the switch's clock. */
export const CLOCK_AT_ZERO = {
  referenceTicks: 0n,
  seconds: 1_800_000_000n,
  nanoseconds: 250_000_000,
  rateOffset: 0,
} as const;

const PORTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

export const CROWDED: SwitchPlan = {
  ports: PORTS,
  vlans: [
    ...[1, 3, 5, 7, 9, 11, 13, 15].map((port) => ({
      vid: 100 + port,
      untagged: [port, port + 1],
      tagged: [],
    })),
    { vid: TAGGED_PAIR_VID, untagged: [], tagged: [1, 2] },
  ],
  macs: [],
  ptpMode: 1,
  portModes: new Map([
    ...([5, 6] as const).map((port) => [port, 3] as const),
    ...([7, 8] as const).map((port) => [port, 4] as const),
    ...([11, 12] as const).map((port) => [port, 0] as const),
    ...([13, 14] as const).map((port) => [port, 2] as const),
  ]),
  passMalformed: [],
  twoStepPorts: [4],
  ownClocks: [OWN_CLOCK],
  listedMastersPorts: [9],
  acceptedMasters: [{ port: 9, clockIdentity: MASTER.clock, portNumber: MASTER.port }],
  peerDelay: [
    { ...ownPort(5), twoStep: false },
    { ...ownPort(15), twoStep: true },
  ],
  delayResponders: [{ ...ownPort(7), sdoId: 0, domainNumber: 0, logMinDelayReqInterval: -2 }],
  clock: CLOCK_AT_ZERO,
  timing: [
    {
      port: 5,
      ingressLatency: 10n * NS,
      egressLatency: 20n * NS,
      asymmetry: 3n * NS,
      residenceLimitNs: 0n,
      meanLinkDelay: 500n * NS + 0x8000n,
    },
    {
      port: 2,
      ingressLatency: 0n,
      egressLatency: 0n,
      asymmetry: 0n,
      residenceLimitNs: RESIDENCE_LIMIT_NS,
    },
  ],
};
