/**
 * The switch that tests and benchmarks run frames through: two or more transparent ports, their
 * VLANs, addresses that are known. Written in the P4 program's own names and encoded by the compiled
 * pipeline's layout, without server or agent, so that a benchmark measures the dataplane alone.
 */
import type { ActionLayout, PipelineLayout, Slot, TableLayout } from '#compiler/layout';
import { type PtpMode, type PtpPlan, ptpEntriesOf } from './ptp-plan.js';

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

export interface SwitchPlan extends PtpPlan {
  /** A port's place here is its slot in the counters. */
  readonly ports: readonly number[];
  readonly vlans: readonly VlanPlan[];
  readonly macs: readonly KnownMac[];
  /** ptp_mode of all ports. */
  readonly ptpMode: PtpMode;
  /** Of those that have another one. */
  readonly portModes?: ReadonlyMap<number, PtpMode>;
  /** Malformed reasons that pass instead of being dropped. */
  readonly passMalformed: readonly number[];
}

/** A table entry in names; no match on a keyless table: its default action. */
export interface NamedEntry {
  readonly table: string;
  /** Exact values; a field of a ternary table that is not named matches everything. */
  readonly match: Readonly<Record<string, bigint>>;
  readonly action: string;
  readonly args: Readonly<Record<string, bigint>>;
  /** Of a ternary table's entries: the higher one wins. */
  readonly priority?: number;
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
  const mode = (port: number): bigint => BigInt(plan.portModes?.get(port) ?? plan.ptpMode);
  const listed = new Set(plan.listedMastersPorts ?? []);
  const slot = (port: number): bigint => BigInt(plan.ports.indexOf(port));
  for (const port of plan.ports) {
    const listed_masters_only = listed.has(port) ? 1n : 0n;
    const args = { ptp_mode: mode(port), slot: slot(port), ptp_priority: 0n, listed_masters_only };
    add('port', { ingress_port: BigInt(port) }, 'set_port', args);
  }
  for (const vlan of plan.vlans) {
    const vid = BigInt(vlan.vid);
    for (const port of vlan.untagged) {
      const match = { ingress_port: BigInt(port), tagged: 0n, vid: 0n };
      add('vlan_admission', match, 'admit', { vid });
      const delivery = { egress_port: BigInt(port), vid };
      add('vlan_delivery', delivery, 'send_untagged', { ptp_mode: mode(port), slot: slot(port) });
    }
    for (const port of vlan.tagged) {
      const match = { ingress_port: BigInt(port), tagged: 1n, vid };
      add('vlan_admission', match, 'admit', { vid });
      const delivery = { egress_port: BigInt(port), vid };
      add('vlan_delivery', delivery, 'send_tagged', { ptp_mode: mode(port), slot: slot(port) });
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
  return [...out, ...ptpEntriesOf(plan)];
}

/** One group for each VLAN, with the VLAN's number. */
export function groupsOf(plan: SwitchPlan): MulticastGroup[] {
  return plan.vlans.map((vlan) => ({
    group: vlan.vid,
    ports: [...vlan.untagged, ...vlan.tagged],
  }));
}

export const CPU_PORT = 510;
const CPU_CLONE_SESSION = 500;
/** Where a target has no TX events of its own, session FIRST_PORT_SESSION + n sends to port n. */
const FIRST_PORT_SESSION = 1000;

export interface CloneSession {
  readonly session: number;
  readonly port: number;
}

/** The controller's session, and one for each port. */
export function cloneSessionsOf(plan: SwitchPlan): CloneSession[] {
  const own = plan.ports.map((port) => ({ session: FIRST_PORT_SESSION + port, port }));
  return [{ session: CPU_CLONE_SESSION, port: CPU_PORT }, ...own];
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
    if (value === undefined && field.matchType === 'ternary') continue;
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
  const priority = entry.priority ?? 0;
  return { table: table.index, key, mask, priority, action: action.index, args };
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
