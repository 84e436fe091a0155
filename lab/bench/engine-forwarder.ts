/**
 * The packet engine between two interfaces, as `timeplane switch` runs it, with the tables of the
 * benchmark already in it: what is measured is the dataplane, not who configured it.
 *
 *   node engine-forwarder.js INTERFACE INTERFACE [LOOPS]
 *
 * Prints `ready` when it forwards, and stops on SIGTERM.
 */
import { Engine } from '#binding/engine';
import type { EngineResult } from '#binding/result';
import { benchPlan } from './mix.js';
import { buildPipeline } from './native-programs.js';
import { encode, entriesOf, groupsOf, programEntries } from './switch-state.js';

function must<T>(result: EngineResult<T>): T {
  if (result.ok) return result.value;
  console.error(`${result.error.code}: ${result.error.message}`);
  process.exit(1);
}

async function main([first = '', second = '', loops = '1']: readonly string[]): Promise<void> {
  const { sharedObject, layout } = await buildPipeline('main_native');
  const plan = benchPlan();
  const engine = must(Engine.open({ threads: Number(loops) }));
  must(engine.load(sharedObject));
  for (const entry of [
    ...programEntries(layout),
    ...entriesOf(plan).map((named) => encode(layout, named)),
  ]) {
    const args = BigUint64Array.from(entry.args);
    if (entry.key.length === 0) {
      must(engine.tableSetDefault(entry.table, entry.action, args));
      continue;
    }
    const key = BigUint64Array.from(entry.key);
    const mask = BigUint64Array.from(entry.mask);
    must(engine.tableInsert({ ...entry, key, mask, args, rangeWords: 0 }));
  }
  for (const { group, ports } of groupsOf(plan)) {
    must(
      engine.multicastGroupSet(
        group,
        ports.map((port) => ({ port, instance: 1 })),
      ),
    );
  }
  plan.ports.forEach((port, index) =>
    must(engine.addPacketPort(port, index === 0 ? first : second)),
  );
  must(engine.start());
  process.once('SIGTERM', () => {
    const ports = plan.ports.map((port) => must(engine.portCounters(port)));
    const text = { engine: engine.counters(), ports };
    console.log(
      JSON.stringify(text, (_, value: unknown) =>
        typeof value === 'bigint' ? Number(value) : value,
      ),
    );
    engine.close();
    clearInterval(alive);
  });
  const alive = setInterval(() => undefined, 60_000);
  console.log('ready');
}

await main(process.argv.slice(2));
