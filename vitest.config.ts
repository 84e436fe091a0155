import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

const END_TO_END = ['test/**/*.e2e.test.ts'];

/** End-to-end tests that no clock judges: they run beside all others. */
const AT_THEIR_LEISURE = [
  'test/cli/switch*.e2e.test.ts',
  'test/lab/instrument/report-page.e2e.test.ts',
  'test/lab/simulate/*.e2e.test.ts',
  'test/lab/study/*.e2e.test.ts',
  'test/runtime/examples.e2e.test.ts',
  'test/server/conformance/*.e2e.test.ts',
  'test/server/tls.e2e.test.ts',
  'test/stf/*.e2e.test.ts',
];

/** Tests run on the TypeScript sources: the `timeplane-source` condition picks them over `dist/`. */
export default defineConfig({
  resolve: { conditions: ['timeplane-source'] },
  ssr: { resolve: { conditions: ['timeplane-source'] } },
  test: {
    // What has hung is found in a minute, too, and a machine may be slow.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Many wait for a program that they started: a processor left free would only be idle.
    maxWorkers: availableParallelism(),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...END_TO_END],
        },
      },
      {
        extends: true,
        test: { name: 'end-to-end', include: AT_THEIR_LEISURE },
      },
      {
        extends: true,
        test: {
          // Real clocks, or a load on the machine: one after the other, when all others are done.
          name: 'end-to-end, alone',
          include: END_TO_END,
          exclude: [...configDefaults.exclude, ...AT_THEIR_LEISURE],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
