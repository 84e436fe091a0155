/**
 * The switch that tests and benchmarks run frames through: two or more transparent ports, their
 * VLANs, addresses that are known. Written in the P4 program's own names and encoded by the compiled
 * pipeline's layout, without server or agent, so that a benchmark measures the dataplane alone.
 */
import type { ActionLayout, PipelineLayout, Slot, TableLayout } from '#compiler/layout';

export interface VlanPlan {
  readonly vid: number;
  /** Ports on which the VLAN travels without a tag. */
  readonly untagged: readonly number[];
  readonly tagged: readonly number[];
}

export interface KnownMac {
  readonly vid: number;
  readonly mac: bigint;
  readonly port: number;
}

export interface SwitchPlan {
  /** A port's place here is its slot in the counters. */
  readonly ports: readonly number[];
  readonly vlans: readonly VlanPlan[];
  readonly macs: readonly KnownMac[];
  /** ptp_mode of all ports: 0 off, 1 transparent end-to-end, 2 blocked. */
  readonly ptpMode: 0 | 1 | 2;
  /** Malformed reasons that pass instead of being dropped. */
  readonly passMalformed: readonly number[];
  readonly timing?: readonly TimingPlan[];
  readonly instances?: readonly InstancePlan[];
}

/** A PTP instance that a port treats in another way than others, in both directions. */
export interface InstancePlan {
  readonly port: number;
  readonly sdoId: number;
  readonly domainNumber: number;
  readonly ptpMode: 0 | 1 | 2;
}

/** What a port adds to corrections: scaled nanoseconds (2^-16), signed; the limit in nanoseconds. */
export interface TimingPlan {
  readonly port: number;
  readonly ingressLatency: bigint;
  readonly egressLatency: bigint;
  readonly asymmetry: bigint;
  readonly residenceLimitNs: bigint;
}

/** A table entry in names. Exact matches only: our program's switch needs no other here. */
export interface NamedEntry {
  readonly table: string;
  readonly match: Readonly<Record<string, bigint>>;
  readonly action: string;
  readonly args: Readonly<Record<string, bigint>>;
}

/** The same in the engine's words; no key words: the default entry. */
export interface EncodedEntry {
  readonly table: number;
  readonly key: readonly bigint[];
  readonly mask: readonly bigint[];
  readonly priority: number;
  readonly action: number;
  readonly args: readonly bigint[];
}

export interface MulticastGroup {
  readonly group: number;
  readonly ports: readonly number[];
}

/** The entries of a plan, as p4/README.md gives the tables their meaning. */
export function entriesOf(plan: SwitchPlan): NamedEntry[] {
  const out: NamedEntry[] = [];
  const add = (
    table: string,
    match: NamedEntry['match'],
    action: string,
    args: NamedEntry['args'],
  ) => out.push({ table, match, action, args });
  const ptpMode = BigInt(plan.ptpMode);
  const slot = (port: number): bigint => BigInt(plan.ports.indexOf(port));
  for (const port of plan.ports) {
    const args = { ptp_mode: ptpMode, slot: slot(port), ptp_priority: 0n };
    add('port', { ingress_port: BigInt(port) }, 'set_port', args);
  }
  for (const vlan of plan.vlans) {
    const vid = BigInt(vlan.vid);
    for (const port of vlan.untagged) {
      const match = { ingress_port: BigInt(port), tagged: 0n, vid: 0n };
      add('vlan_admission', match, 'admit', { vid });
      const delivery = { egress_port: BigInt(port), vid };
      add('vlan_delivery', delivery, 'send_untagged', { ptp_mode: ptpMode, slot: slot(port) });
    }
    for (const port of vlan.tagged) {
      const match = { ingress_port: BigInt(port), tagged: 1n, vid };
      add('vlan_admission', match, 'admit', { vid });
      const delivery = { egress_port: BigInt(port), vid };
      add('vlan_delivery', delivery, 'send_tagged', { ptp_mode: ptpMode, slot: slot(port) });
    }
    add('flood_group', { vid }, 'flood_to', { group: vid });
  }
  for (const { vid, mac, port } of plan.macs) {
    const match = { vid: BigInt(vid), mac };
    add('source_mac', match, 'known_on', { port: BigInt(port) });
    add('destination_mac', match, 'forward_to', { port: BigInt(port) });
  }
  for (const reason of plan.passMalformed) {
    add('malformed_policy', { reason: BigInt(reason) }, 'pass_malformed', {});
  }
  for (const { port, sdoId, domainNumber, ptpMode: mode } of plan.instances ?? []) {
    const instance = { sdo_id: BigInt(sdoId), domain_number: BigInt(domainNumber) };
    const args = { ptp_mode: BigInt(mode) };
    add('ingress_instance', { ingress_port: BigInt(port), ...instance }, 'set_ingress_mode', args);
    add('egress_instance', { egress_port: BigInt(port), ...instance }, 'set_egress_mode', args);
  }
  for (const { port, ingressLatency, egressLatency, ...rest } of plan.timing ?? []) {
    const asymmetry = BigInt.asUintN(64, rest.asymmetry);
    add('ingress_timing', { ingress_port: BigInt(port) }, 'set_ingress_timing', {
      latency: BigInt.asUintN(64, ingressLatency),
      asymmetry,
    });
    add('egress_timing', { egress_port: BigInt(port) }, 'set_egress_timing', {
      latency: BigInt.asUintN(64, egressLatency),
      asymmetry,
      residence_limit_ns: rest.residenceLimitNs,
    });
  }
  return out;
}

/** One group for each VLAN, with the VLAN's number. */
export function groupsOf(plan: SwitchPlan): MulticastGroup[] {
  return plan.vlans.map((vlan) => ({
    group: vlan.vid,
    ports: [...vlan.untagged, ...vlan.tagged],
  }));
}

/** What the program itself says: default actions and const entries. */
export function programEntries(layout: PipelineLayout): EncodedEntry[] {
  return layout.tables.flatMap((table) => {
    const constant = table.constEntries.map((entry) => ({
      table: table.index,
      key: entry.key.map(BigInt),
      mask: entry.mask.map(BigInt),
      priority: entry.priority,
      action: entry.action,
      args: entry.args.map(BigInt),
    }));
    if (table.defaultAction === null) return constant;
    const { action, args } = table.defaultAction;
    const entry = { table: table.index, key: [], mask: [], priority: 0, action };
    return [{ ...entry, args: args.map(BigInt) }, ...constant];
  });
}

/** Encodes an entry. A name that the pipeline does not have is a bug in the plan: it throws. */
export function encode(layout: PipelineLayout, entry: NamedEntry): EncodedEntry {
  const table = tableNamed(layout, entry.table);
  const action = actionNamed(layout, table, entry.action);
  const key = new Array<bigint>(table.keyWords).fill(0n);
  const mask = new Array<bigint>(table.keyWords).fill(0n);
  for (const field of table.key) {
    const value = entry.match[lastName(field.name)];
    if (value === undefined) throw new Error(`${table.name}: no match for ${field.name}`);
    put(key, field, value);
    put(mask, field, (1n << BigInt(field.bitwidth)) - 1n);
  }
  const args = new Array<bigint>(action.argWords).fill(0n);
  for (const param of action.params) {
    const value = entry.args[param.name];
    if (value === undefined) throw new Error(`${action.name}: no ${param.name}`);
    put(args, param, value);
  }
  return { table: table.index, key, mask, priority: 0, action: action.index, args };
}

/** The P4 names are paths; the last part of them is the stage's own name for it. */
export function tableNamed(layout: PipelineLayout, name: string): TableLayout {
  const found = layout.tables.filter((table) => lastName(table.name) === name);
  const [table] = found;
  if (table === undefined || found.length !== 1) throw new Error(`${found.length} tables ${name}`);
  return table;
}

function actionNamed(layout: PipelineLayout, table: TableLayout, name: string): ActionLayout {
  const found = table.actions
    .map((index) => layout.actions.find((action) => action.index === index))
    .find((action) => action !== undefined && lastName(action.name) === name);
  if (found === undefined) throw new Error(`${table.name} has no action ${name}`);
  return found;
}

export function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** Slots of our program are no wider than a word, but for keys and arguments over 64 bits. */
function put(words: bigint[], slot: Slot, value: bigint): void {
  const shifted = value << BigInt(slot.shift);
  for (let i = 0; shifted >> BigInt(64 * i) !== 0n; i++) {
    const at = slot.word + i;
    words[at] = (words[at] ?? 0n) | BigInt.asUintN(64, shifted >> BigInt(64 * i));
  }
}

/** The file that native/state.h reads. */
export function engineStateFile(layout: PipelineLayout, plan: SwitchPlan): string {
  const encoded = [
    ...programEntries(layout),
    ...entriesOf(plan).map((entry) => encode(layout, entry)),
  ];
  const lines = encoded.map((entry) =>
    [
      'entry',
      entry.table,
      entry.priority,
      entry.action,
      entry.key.length,
      ...entry.key,
      ...entry.mask,
      entry.args.length,
      ...entry.args,
    ].join(' '),
  );
  const groups = groupsOf(plan).map(({ group, ports }) =>
    ['group', group, ports.length, ...ports].join(' '),
  );
  return [...lines, ...groups, ''].join('\n');
}

/** The file that native/hand_loop.c reads. */
export function handStateFile(plan: SwitchPlan): string {
  const ports = plan.ports.map((port, slot) => `port ${port} ${slot}`);
  const vlans = plan.vlans.flatMap(({ vid, untagged, tagged }) => [
    ...untagged.map((port) => `vlan ${vid} ${port} 0`),
    ...tagged.map((port) => `vlan ${vid} ${port} 1`),
  ]);
  const macs = plan.macs.map(({ vid, mac, port }) => `mac ${vid} ${mac} ${port}`);
  return [...ports, ...vlans, ...macs, ''].join('\n');
}
