/** Entries of the P4 program that measurements change, as the services write them. Pure. */
import {
  buildDefaultEntry,
  buildTableEntry,
  type Entity,
  type EntityErrorCode,
} from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import type { Result } from '#units/result';
import type { ScaledNs } from '#units/time';
import { ingressTimingEntry } from './port-entries.js';
import type { PortSettings, PtpInstance } from './settings.js';

type Built = Result<Entity, EntityErrorCode>;

/** A rate is told as (rate - 1) × 2^41, as 802.1AS does (10.5.3.2): 0.45 ppt a step. */
const RATE_OFFSET_SCALE = 2 ** 41;
const RATE_OFFSET_MAX = 2 ** 31 - 1;

/** 48 bits of ticks wrap; so do seconds, in nine million years. */
const COUNTER_BITS = 48;

/** The port's timing as configured, with `meanLinkDelay`, which is added to what comes in by it. */
export function meanLinkDelayEntry(
  index: P4InfoIndex,
  port: PortSettings,
  meanLinkDelay: ScaledNs,
): Built {
  return buildTableEntry(index, ingressTimingEntry(port, meanLinkDelay));
}

/** How fast the instance's time runs against our oscillator, less one; beyond ±976 ppm: that. */
export function syntonizationEntry(
  index: P4InfoIndex,
  { domainNumber, sdoId }: PtpInstance,
  rateOffset: number,
): Built {
  return buildTableEntry(index, {
    table: 'syntonization',
    match: { sdo_id: BigInt(sdoId), domain_number: BigInt(domainNumber) },
    action: { name: 'set_rate_offset', params: { rate_offset: rateOffsetBits(rateOffset) } },
  });
}

/** PTP time as a line: at `referenceTicks` of the dataplane's counter it was this. */
export interface PtpTimeLine {
  /** In the target's ticks. */
  readonly referenceTicks: bigint;
  readonly seconds: bigint;
  readonly nanoseconds: number;
  /** PTP seconds a second of ours, less one. */
  readonly rateOffset: number;
}

export function clockEntry(index: P4InfoIndex, line: PtpTimeLine): Built {
  return buildDefaultEntry(index, 'clock', {
    name: 'set_clock',
    params: {
      reference_ticks: BigInt.asUintN(COUNTER_BITS, line.referenceTicks),
      seconds: BigInt.asUintN(COUNTER_BITS, line.seconds),
      nanoseconds: BigInt(line.nanoseconds),
      rate_offset: rateOffsetBits(line.rateOffset),
    },
  });
}

function rateOffsetBits(rateOffset: number): bigint {
  const steps = Math.round(rateOffset * RATE_OFFSET_SCALE);
  const clamped = Math.max(-RATE_OFFSET_MAX, Math.min(RATE_OFFSET_MAX, steps));
  return BigInt.asUintN(32, BigInt(clamped));
}
