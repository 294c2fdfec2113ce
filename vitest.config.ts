import { defineConfig } from 'vitest/config';

// `vitest run test/unit` starts no server: only the integration project has a global set-up.
export default defineConfig({
  test: {
    // Two cores, and servers that the integration files share: one file after another.
    fileParallelism: false,
    pool: 'forks',
    // Threads that the code under test starts.
    env: { NODE_OPTIONS: `--import=${new URL('./test/support/typescript-in-threads.ts', import.meta.url).href}` },
    reporters: ['default', './test/support/reporter.ts'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 20_000 } },
      { extends: true, test: { name: 'scenarios', include: ['test/scenarios/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/support/servers.ts'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          // What is waited for comes late on a machine at work; a second, the default, is often too short.
          expect: { poll: { timeout: 15_000 } },
        },
      },
      // `npm run test:faults`: minutes of storms and outages, each test with servers of its own to break.
      {
        extends: true,
        test: { name: 'faults', include: ['test/faults/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 180_000 },
      },
    ],
  },
});
