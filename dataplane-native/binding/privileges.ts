/** Capabilities of Linux by name and as a set of bits; capabilities(7). */

/** By number, as linux/capability.h has them. */
const CAPABILITIES = [
  'chown',
  'dac_override',
  'dac_read_search',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'linux_immutable',
  'net_bind_service',
  'net_broadcast',
  'net_admin',
  'net_raw',
  'ipc_lock',
  'ipc_owner',
  'sys_module',
  'sys_rawio',
  'sys_chroot',
  'sys_ptrace',
  'sys_pacct',
  'sys_admin',
  'sys_boot',
  'sys_nice',
  'sys_resource',
  'sys_time',
  'sys_tty_config',
  'mknod',
  'lease',
  'audit_write',
  'audit_control',
  'setfcap',
  'mac_override',
  'mac_admin',
  'syslog',
  'wake_alarm',
  'block_suspend',
  'audit_read',
  'perfmon',
  'bpf',
  'checkpoint_restore',
] as const;

export type Capability = (typeof CAPABILITIES)[number];

export function capabilitySet(names: readonly Capability[]): bigint {
  return names.reduce((set, name) => set | (1n << BigInt(CAPABILITIES.indexOf(name))), 0n);
}

/** Names in the order of their numbers; one that is newer than this list by its number. */
export function capabilityNames(set: bigint): string[] {
  const names: string[] = [];
  for (let number = 0; number < 64; number++) {
    if (((set >> BigInt(number)) & 1n) === 1n) names.push(CAPABILITIES[number] ?? `${number}`);
  }
  return names;
}
