/** A switch plan as commands of simple_switch_CLI, with the names and orders of the bmv2 JSON. */
import { z } from 'zod';
import { type SwitchPlan, cloneSessionsOf, entriesOf, groupsOf, lastName } from './switch-state.js';

const program = z.object({
  actions: z.array(
    z.object({
      name: z.string(),
      id: z.number(),
      runtime_data: z.array(z.object({ name: z.string() })),
    }),
  ),
  pipelines: z.array(
    z.object({
      tables: z.array(
        z.object({
          name: z.string(),
          key: z.array(z.object({ name: z.string(), match_type: z.string() })),
          action_ids: z.array(z.number()),
        }),
      ),
    }),
  ),
});

/** Widths of punt_policy's fields: the JSON's keys do not say them. */
const TERNARY_BITS: Readonly<Record<string, number>> = {
  ingress_port: 9,
  destination: 48,
  ether_type: 16,
  ptp_kind: 3,
  message_type: 4,
};

export function bmv2Commands(json: string, plan: SwitchPlan, queueFrames: number): string {
  const { actions, pipelines } = program.parse(JSON.parse(json));
  const tables = pipelines.flatMap((pipeline) => pipeline.tables);
  const entries = entriesOf(plan).map((entry) => {
    const table = tables.find((one) => lastName(one.name) === entry.table);
    const action = actions.find(
      (one) => table?.action_ids.includes(one.id) === true && lastName(one.name) === entry.action,
    );
    if (table === undefined || action === undefined) {
      throw new Error(`the program has no ${entry.table} with ${entry.action}`);
    }
    const args = action.runtime_data.map((param) => entry.args[param.name] ?? 0n);
    if (table.key.length === 0) {
      return ['table_set_default', table.name, action.name, ...args].join(' ');
    }
    const match = table.key.map(({ name, match_type }) => {
      const value = entry.match[name];
      if (match_type !== 'ternary') return String(value ?? 0n);
      const ones = (1n << BigInt(TERNARY_BITS[name] ?? 0)) - 1n;
      return value === undefined ? '0&&&0' : `${value}&&&${ones}`;
    });
    // simple_switch_CLI: the lower number wins.
    const priority = entry.priority === undefined ? [] : [1000 - entry.priority];
    return ['table_add', table.name, action.name, ...match, '=>', ...args, ...priority].join(' ');
  });
  const groups = groupsOf(plan).flatMap(({ group, ports }, handle) => [
    `mc_mgrp_create ${group}`,
    `mc_node_create ${handle} ${ports.join(' ')}`,
    `mc_node_associate ${group} ${handle}`,
  ]);
  const clones = cloneSessionsOf(plan).map(
    ({ session, port }) => `mirroring_add ${session} ${port}`,
  );
  return [...entries, ...groups, ...clones, `set_queue_depth ${queueFrames}`, ''].join('\n');
}
