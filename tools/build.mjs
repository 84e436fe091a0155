/** `npm run build`: sets up what building needs, then builds everything that changed. */
import { say } from './lib/console.mjs';
import { main, setUp } from './setup.mjs';

await main(async () => {
  await setUp('build');
  say('built: dist/ and build/ are up to date');
  return 0;
});
