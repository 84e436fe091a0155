import { defineConfig } from 'vitest/config';

/** What packet-port.e2e.test.ts runs inside a network namespace of its own. */
export default defineConfig({
  resolve: { conditions: ['timeplane-source'] },
  ssr: { resolve: { conditions: ['timeplane-source'] } },
  test: {
    root: import.meta.dirname,
    include: ['*.suite.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
