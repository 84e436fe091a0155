/** `npm test [-- vitest options]`: sets up what is missing, then runs the tests. */
import { runAttached } from './lib/console.mjs';
import { inRoot, root } from './lib/files.mjs';
import { main, setUp } from './setup.mjs';

await main(async (args) => {
  await setUp('test');
  const vitest = inRoot('node_modules', 'vitest', 'vitest.mjs');
  return runAttached(process.execPath, [vitest, 'run', ...args], { cwd: root });
});
