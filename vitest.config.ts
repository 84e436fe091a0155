import { defineConfig } from 'vitest/config';

/** Tests run on the TypeScript sources: the `timeplane-source` condition picks them over `dist/`. */
export default defineConfig({
  resolve: { conditions: ['timeplane-source'] },
  ssr: { resolve: { conditions: ['timeplane-source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
