/**
 * A vitest reporter: why tests were skipped, and one closing line that a machine can read.
 *
 * A test says why it skips with `context.skip(reason)`. Failures of a file as a whole (it does not import, a hook
 * throws) count as one failed test each, so that the line never says "0 failed" over a red run.
 */
import type { Reporter, TestModule } from 'vitest/node'

export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const counts = { passed: 0, failed: 0, skipped: 0 }
    const reasons = new Map<string, number>()
    for (const test of tests) {
      const result = test.result()
      // A test that never ran because its file or its run broke off is in the file's own failure.
      if (result.state !== 'pending') counts[result.state] += 1
      const reason = result.state === 'skipped' ? (result.note ?? '') : ''
      if (reason !== '') reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }
    const suites = modules.flatMap((module) => [...module.children.allSuites()])
    counts.failed += [...modules, ...suites].reduce((sum, part) => sum + part.errors().length, 0) + unhandled.length
    for (const [reason, count] of reasons) console.log(`skipped ${count}: ${reason}`)
    console.log(`tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
  }
}
