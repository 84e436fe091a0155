/**
 * Frames through simple_switch itself. Its clock cannot be set, so residence and times are read off
 * what comes out; all else must be what was expected, checksums included.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bmv2Outputs } from '#lab/bench/bmv2-files';
import { hex } from '#lab/bench/frames';
import { artefactPath } from '#lab/bench/native-programs';
import type { SwitchPlan } from '#lab/bench/switch-state';
import { Frame, Ptp, rightIpv4Checksum, rightUdpChecksum } from './reference-clock/anatomy.js';
import type { Left } from './reference-clock/clock.js';

export interface TimedFrame {
  readonly port: number;
  readonly octets: Uint8Array;
  /** When it is replayed, from the first frame on. Nanoseconds. */
  readonly timeNs: bigint;
}

/** What leaves each port, in order. */
export async function throughBmv2(
  plan: SwitchPlan,
  frames: readonly TimedFrame[],
): Promise<ReadonlyMap<number, readonly Uint8Array[]>> {
  const directory = mkdtempSync(join(tmpdir(), 'timeplane-bmv2-'));
  try {
    const json = artefactPath('main_bmv2.json');
    const timesNs = frames.map(({ timeNs }) => timeNs);
    const out = await bmv2Outputs({ json, plan, directory, frames, timesNs });
    return byPort(
      plan,
      out.map(({ port, octets }) => ({ port, frame: octets })),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function byPort(
  plan: SwitchPlan,
  left: readonly Left[],
): ReadonlyMap<number, readonly Uint8Array[]> {
  return new Map(
    plan.ports.map((port) => [
      port,
      left.filter((one) => one.port === port).map(({ frame }) => frame),
    ]),
  );
}

const hasTime: ReadonlySet<number> = new Set([3, 9, 0xa]);

/**
 * A frame without what only the run knows: correctionField, a checksum that is right or was wrong
 * before, and where `timeless` the timestamp of an answer.
 */
export function withoutTimes(octets: Uint8Array, timeless = false): string {
  const frame = new Frame(Uint8Array.from(octets));
  const at = frame.ptp;
  if (at === null || at + 34 > octets.length || (frame.u8(at + 1) & 0x0f) !== 2) return hex(octets);
  const ptp = new Ptp(frame);
  ptp.correction = 0n;
  if (timeless && hasTime.has(ptp.type)) ptp.timestamp = 0n;
  if (frame.udp !== null && frame.u16(frame.udp + 6) !== 0) {
    frame.put(frame.udp + 6, 2, BigInt(hasRightChecksum(new Frame(octets)) ? 1 : 2));
  }
  return hex(frame.octets);
}

/** UDP's and IPv4's, computed from scratch; UDP's may be absent. */
export function hasRightChecksum(frame: Frame): boolean {
  if (frame.ip === null || frame.udp === null) return true;
  const ipv4 = frame.isIpv6 || frame.u16(frame.ip + 10) === rightIpv4Checksum(frame);
  const stood = frame.u16(frame.udp + 6);
  return ipv4 && (stood === 0 || stood === rightUdpChecksum(frame));
}

/** correctionField; null where there is none to read. Scaled nanoseconds. */
export function correctionOf(octets: Uint8Array): bigint | null {
  const frame = new Frame(octets);
  return frame.ptp === null || frame.ptp + 34 > octets.length ? null : new Ptp(frame).correction;
}
