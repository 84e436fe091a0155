/**
 * `npm run fuzz`: the fuzzers for as long as you like; `npm test` gives each some seconds.
 *
 *   npm run fuzz -- --target packets --minutes 30     or json, p4runtime; all of them without --target
 *   … --only NAME      of its programs or seeds, those with this in their name
 *   … --seed N         other random numbers
 *   … --file FILE      runs one input again: what a crash left in build/fuzz/crashes
 *   … --keep           adds what was found to test/fuzz/corpus
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { SetupError, runAttached } from './lib/console.mjs';
import { inRoot, root } from './lib/files.mjs';
import { main, setUp } from './setup.mjs';

const TARGETS = ['packets', 'json', 'p4runtime'];
const DEFAULT_MINUTES = '10';

function options(args) {
  const { values } = parseArgs({
    args,
    options: {
      target: { type: 'string' },
      minutes: { type: 'string', default: DEFAULT_MINUTES },
      only: { type: 'string' },
      seed: { type: 'string' },
      file: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  });
  const { target, minutes, file } = values;
  const names = `one of: ${TARGETS.join(' ')}`;
  if (target !== undefined && !TARGETS.includes(target)) {
    throw new SetupError(`there is no target “${target}”`, { fix: `name ${names}` });
  }
  if (!(Number(minutes) > 0)) {
    throw new SetupError(`“${minutes}” is no number of minutes`, { fix: 'say --minutes 30' });
  }
  if (file !== undefined && (target === undefined || !existsSync(file))) {
    throw new SetupError(`“${file}” cannot be run again`, {
      fix: `name a file that is there, and its --target, ${names}`,
    });
  }
  return values;
}

await main(async (args) => {
  const { target, minutes, only, seed, file, keep } = options(args);
  await setUp('test');
  const targets = target === undefined ? TARGETS : [target];
  const env = {
    ...process.env,
    TIMEPLANE_FUZZ_MINUTES: String(Number(minutes) / targets.length),
    ...(only === undefined ? {} : { TIMEPLANE_FUZZ_ONLY: only }),
    ...(seed === undefined ? {} : { TIMEPLANE_SEED: seed }),
    ...(file === undefined ? {} : { TIMEPLANE_FUZZ_FILE: resolve(file) }),
    ...(keep ? { TIMEPLANE_FUZZ_KEEP: '1' } : {}),
    ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
  };
  const vitest = inRoot('node_modules', 'vitest', 'vitest.mjs');
  let worst = 0;
  for (const name of targets) {
    const line = [vitest, 'run', `test/fuzz/${name}.test.ts`];
    worst = Math.max(worst, await runAttached(process.execPath, line, { cwd: root, env }));
  }
  return worst;
});
