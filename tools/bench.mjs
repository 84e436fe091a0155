/** `npm run bench [-- options]`: sets up what is missing, then runs the benchmarks. */
import { existsSync } from 'node:fs';
import { SetupError, runAttached } from './lib/console.mjs';
import { inRoot } from './lib/files.mjs';
import { main, setUp } from './setup.mjs';

await main(async (args) => {
  await setUp('bench');
  const program = inRoot('dist', 'lab', 'bench', 'main.js');
  if (!existsSync(program)) {
    throw new SetupError('this build has no benchmarks', { where: program });
  }
  return runAttached(process.execPath, [program, ...args]);
});
