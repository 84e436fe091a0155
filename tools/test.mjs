/** `npm test [-- vitest options]`: sets up what is missing, then runs the tests. */
import { runAttached } from './lib/console.mjs';
import { inRoot, root } from './lib/files.mjs';
import { main, setUp } from './setup.mjs';

await main(async (args) => {
  await setUp('test');
  const vitest = inRoot('node_modules', 'vitest', 'vitest.mjs');
  // Colours only on a terminal, whatever the test runner thinks of the environment.
  const env = process.stdout.isTTY ? process.env : { ...process.env, NO_COLOR: '1' };
  return runAttached(process.execPath, [vitest, 'run', ...args], { cwd: root, env });
});
