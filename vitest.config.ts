import { defineConfig } from 'vitest/config'
import { ClosingLine } from './scripts/closing-line.ts'

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    // Processes, not threads: tests open databases and servers, start worker threads and listen for signals.
    pool: 'forks',
    // The smallest machine we promise to test on has two cores.
    maxWorkers: 2,
    // Against hanging, not against slowness: machines that run tests are busy.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default', new ClosingLine()],
    coverage: { provider: 'v8', include: ['src/**/*.ts', 'parties/**/*.ts'], exclude: ['src/gen/**'] },
  },
})
