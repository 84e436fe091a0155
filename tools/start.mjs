/** `npm start [-- options]`: sets up what is missing, then runs `timeplane lab first-light`. */
import { runAttached } from './lib/console.mjs';
import { inRoot } from './lib/files.mjs';
import { main, setUp, setUpForHelp } from './setup.mjs';

await main(async (args) => {
  const help = args.some((arg) => arg === '--help' || arg === '-h');
  await (help ? setUpForHelp() : setUp('start'));
  const program = inRoot('dist', 'control-plane', 'cli', 'main.js');
  return runAttached(process.execPath, [program, 'lab', 'first-light', ...args]);
});
