/** A switch plan as commands of simple_switch_CLI, with the names and orders of the bmv2 JSON. */
import { z } from 'zod';
import { type SwitchPlan, entriesOf, groupsOf, lastName } from './switch-state.js';

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
          key: z.array(z.object({ name: z.string() })),
          action_ids: z.array(z.number()),
        }),
      ),
    }),
  ),
});

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
    const match = table.key.map((key) => entry.match[key.name] ?? 0n);
    const args = action.runtime_data.map((param) => entry.args[param.name] ?? 0n);
    return ['table_add', table.name, action.name, ...match, '=>', ...args].join(' ');
  });
  const groups = groupsOf(plan).flatMap(({ group, ports }, handle) => [
    `mc_mgrp_create ${group}`,
    `mc_node_create ${handle} ${ports.join(' ')}`,
    `mc_node_associate ${group} ${handle}`,
  ]);
  return [...entries, ...groups, `set_queue_depth ${queueFrames}`, ''].join('\n');
}
