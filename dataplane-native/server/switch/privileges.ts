/** What the switch may still do to the system once all is open: as little as it can do with. */
import type { Engine } from '#binding/engine';
import type { Capability } from '#binding/privileges';
import type { PortOption } from './switch-options.js';
import type { SwitchLog } from './switch.js';

/** An AF_XDP socket and its program are made anew when their interface comes back. A packet socket is
 * bound again, which needs nothing. */
const TO_REOPEN_XDP: readonly Capability[] = ['net_admin', 'net_raw', 'bpf'];

/** To give interfaces back what they were set to. */
const TO_RESTORE: readonly Capability[] = ['net_admin'];

/** `hasChanges`: some interface is set otherwise than it was. */
export function neededPrivileges(
  ports: readonly PortOption[],
  hasChanges: boolean,
): readonly Capability[] {
  const hasXdp = ports.some(({ io }) => io === 'xdp');
  return [...new Set([...(hasXdp ? TO_REOPEN_XDP : []), ...(hasChanges ? TO_RESTORE : [])])];
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
