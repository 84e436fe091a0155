/**
 * How far PTP time of a switch is from the true one, without any link or stamp between: PTP time is a
 * line over the dataplane's ticks, and the ticks are a line over the machine's clock, both known.
 */

/** As the agent tells it: PTP time = reference + (ticks − referenceTicks) · rate. */
export interface PtpLine {
  /** The lower 48 bits of the dataplane's time, ns. */
  readonly ticks: bigint;
  readonly ptpNs: bigint;
  readonly ratePpb: number;
}

/** As the switch tells it: see docs/switch.md. */
export interface TicksLine {
  readonly systemNs: bigint;
  readonly ticksNs: bigint;
  readonly fraction: bigint;
  readonly rateOffset: bigint;
}

const TICK_BITS = 48;
const RATE_BITS = 41n;

/** The dataplane's ticks at an instant of the machine's clock; null where no line reaches back. */
export function ticksAt(lines: readonly TicksLine[], systemNs: bigint): bigint | null {
  const line = lines.findLast((candidate) => candidate.systemNs <= systemNs);
  if (line === undefined) return null;
  const elapsed = systemNs - line.systemNs;
  return line.ticksNs + elapsed + ((elapsed * line.rateOffset + line.fraction) >> RATE_BITS);
}

/** PTP time less the machine's, ns, at an instant of the latter; above 0: it is ahead. */
export function ptpErrorNs(
  ptp: PtpLine,
  lines: readonly TicksLine[],
  systemNs: bigint,
): number | null {
  const ticks = ticksAt(lines, systemNs);
  if (ticks === null) return null;
  const elapsed = BigInt.asIntN(TICK_BITS, ticks - ptp.ticks);
  const drift = (Number(elapsed) * ptp.ratePpb) / 1e9;
  return Number(ptp.ptpNs + elapsed - systemNs) + drift;
}
