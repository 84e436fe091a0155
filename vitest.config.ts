import { configDefaults, defineConfig } from 'vitest/config';

/** Tests that run real clocks or load a machine: one after the other, when all others are done. */
const ALONE = ['test/**/*.e2e.test.ts'];

/** Tests run on the TypeScript sources: the `timeplane-source` condition picks them over `dist/`. */
export default defineConfig({
  resolve: { conditions: ['timeplane-source'] },
  ssr: { resolve: { conditions: ['timeplane-source'] } },
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...ALONE],
        },
      },
      {
        extends: true,
        test: {
          name: 'end-to-end',
          include: ALONE,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
