/** Table entries that measurements change. Each is complete: it replaces the configuration's own. */
import { ingressTimingEntry } from '#dataplane/port-entries';
import type { PortSettings, PtpInstance } from '#dataplane/settings';
import { decodeTableEntry } from '#p4rt/decode';
import { buildDefaultEntry, buildTableEntry, type Entity } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import type { Result } from '#units/result';
import { scaledNs, type ScaledNs } from '#units/time';

/** set_ingress_timing with what was measured of the link; zero while nothing is known. */
export function ingressTiming(
  index: P4InfoIndex,
  port: PortSettings,
  meanLinkDelay: ScaledNs | null,
): Entity {
  return built(buildTableEntry(index, ingressTimingEntry(port, meanLinkDelay ?? scaledNs(0n))));
}

/** How far the dataplane's clock is from the master's rate. `rateOffset`: signed, (rate - 1) × 2^41. */
export function syntonization(
  index: P4InfoIndex,
  instance: PtpInstance,
  rateOffset: bigint,
): Entity {
  return built(
    buildTableEntry(index, {
      table: 'syntonization',
      match: { sdo_id: BigInt(instance.sdoId), domain_number: BigInt(instance.domainNumber) },
      action: { name: 'set_rate_offset', params: { rate_offset: BigInt.asUintN(32, rateOffset) } },
    }),
  );
}

/** A moment of the dataplane's clock and of PTP time, and how fast the one passes in the other. */
export interface ClockReference {
  /** In the target's own ticks, modulo 2^48. */
  readonly ticks: bigint;
  /** Nanoseconds since the epoch of PTP time. */
  readonly ptpNs: bigint;
  /** Signed, (rate - 1) × 2^41. */
  readonly rateOffset: bigint;
}

const SECOND_NS = 1_000_000_000n;

/** The default action of `clock`. */
export function ptpClock(index: P4InfoIndex, reference: ClockReference): Entity {
  return built(
    buildDefaultEntry(index, 'clock', {
      name: 'set_clock',
      params: {
        reference_ticks: BigInt.asUintN(48, reference.ticks),
        seconds: reference.ptpNs / SECOND_NS,
        nanoseconds: reference.ptpNs % SECOND_NS,
        rate_offset: BigInt.asUintN(32, reference.rateOffset),
      },
    }),
  );
}

/** What an earlier agent left on the switch. */
export interface LeftBehind {
  readonly meanLinkDelays: ReadonlyMap<number, ScaledNs>;
  readonly clock: ClockReference | null;
  /** By `instanceKey`: signed, (rate - 1) × 2^41. */
  readonly rateOffsets: ReadonlyMap<string, number>;
}

export function instanceKey({ sdoId, domainNumber }: PtpInstance): string {
  return `${sdoId}/${domainNumber}`;
}

/** Finds it among a switch's entries; what does not fit is not ours. */
export function leftBehind(index: P4InfoIndex, actual: readonly Entity[]): LeftBehind {
  const meanLinkDelays = new Map<number, ScaledNs>();
  const rateOffsets = new Map<string, number>();
  let clock: ClockReference | null = null;
  for (const { entity } of actual) {
    const entry = entity.case === 'tableEntry' ? decodeTableEntry(index, entity.value) : null;
    if (entry?.ok !== true) continue;
    const { match, action } = entry.value;
    const { ingress_port: port } = match;
    const {
      mean_link_delay: delay,
      reference_ticks: ticks,
      rate_offset: rateOffset,
    } = action.params;
    if (typeof port === 'bigint' && delay !== undefined && delay !== 0n) {
      meanLinkDelays.set(Number(port), scaledNs(BigInt.asIntN(64, delay)));
    }
    if (ticks === undefined && rateOffset !== undefined) {
      const instance = {
        sdoId: Number(match['sdo_id']),
        domainNumber: Number(match['domain_number']),
      };
      rateOffsets.set(instanceKey(instance), Number(BigInt.asIntN(32, rateOffset)));
    }
    if (ticks !== undefined) clock = referenceOf(ticks, action.params);
  }
  return { meanLinkDelays, clock, rateOffsets };
}

function referenceOf(ticks: bigint, params: Readonly<Record<string, bigint>>): ClockReference {
  const { seconds = 0n, nanoseconds = 0n, rate_offset: rateOffset = 0n } = params;
  const ptpNs = seconds * SECOND_NS + nanoseconds;
  return { ticks, ptpNs, rateOffset: BigInt.asIntN(32, rateOffset) };
}

/** The agent pushed the P4Info itself: what does not fit it is a bug. */
function built(entity: Result<Entity>): Entity {
  if (!entity.ok) throw new Error(entity.error.message);
  return entity.value;
}
