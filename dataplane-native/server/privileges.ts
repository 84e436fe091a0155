/** What the switch may still do to the system once all is open: as little as it can do with. */
import type { Engine } from '#binding/engine';
import type { Capability } from '#binding/privileges';
import type { PortOption } from './switch-options.js';
import type { SwitchLog } from './switch.js';

/** An AF_XDP socket and its program are made anew when their interface comes back. A packet socket is
 * bound again, which needs nothing. */
const TO_REOPEN_XDP: readonly Capability[] = ['net_admin', 'net_raw', 'bpf'];

export function neededPrivileges(ports: readonly PortOption[]): readonly Capability[] {
  return ports.some(({ io }) => io === 'xdp') ? TO_REOPEN_XDP : [];
}

/** Gives up what is not needed; returns what is held then. */
export function reducePrivileges(
  engine: Engine,
  needed: readonly Capability[],
  log: SwitchLog,
): readonly string[] {
  const reduced = engine.keepPrivileges(needed);
  const held = engine.privileges();
  if (!reduced.ok) log.warn({ held }, reduced.error.message);
  return held;
}
