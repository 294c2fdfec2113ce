import { defineConfig } from 'vitest/config';

// `vitest run test/unit` starts no server: only the integration project has a global set-up.
export default defineConfig({
  test: {
    // Two cores, and servers that the integration files share: one file after another.
    fileParallelism: false,
    // Against what hangs alone: what a test waits for comes late on a machine at work, and how late says nothing about the product.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks',
    // Threads that the code under test starts.
    env: { NODE_OPTIONS: `--import=${new URL('./test/support/typescript-in-threads.ts', import.meta.url).href}` },
    reporters: ['default', './test/support/reporter.ts'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      { extends: true, test: { name: 'scenarios', include: ['test/scenarios/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/support/servers.ts'],
        },
      },
      // `npm run test:faults`: minutes of storms and outages, each test with servers of its own to break.
      {
        extends: true,
        test: { name: 'faults', include: ['test/faults/**/*.test.ts'], testTimeout: 600_000 },
      },
    ],
  },
});
