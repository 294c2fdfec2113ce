import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // Two cores, and servers that each test file shares: one file after another.
    fileParallelism: false,
    globalSetup: ['test/support/servers.ts'],
  },
});
