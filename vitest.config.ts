import { defineConfig } from 'vitest/config'

const project = (name: string, include: readonly string[], more: object = {}) => ({
  test: { name, include: [...include], ...more },
})

export default defineConfig({
  test: {
    // What is waited for comes at once on a quiet machine, and late on a busy one.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    // Most tests wait for processes of their own more than they compute.
    maxWorkers: 3,
    projects: [
      project('unit', ['src/**/*.test.ts', 'scripts/**/*.test.ts']),
      project('integration', ['tests/integration/**/*.test.ts'], { testTimeout: 180_000 }),
      project('clients', ['tests/clients/**/*.test.ts'], { testTimeout: 300_000 }),
      // Ports of the recordings and of the tutorial are the same, so these come one after the other.
      project('conformance', ['tests/conformance/**/*.test.ts'], {
        testTimeout: 600_000,
        sequence: { groupOrder: 1 },
      }),
      project('browser', ['tests/browser/**/*.test.ts'], { testTimeout: 120_000 }),
      project('examples', ['examples/**/*.test.ts'], {
        testTimeout: 180_000,
        fileParallelism: false,
        sequence: { groupOrder: 2 },
      }),
    ],
  },
})
