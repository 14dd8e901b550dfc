import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

/** V8 takes no notice of a flag that it does not know. */
test('this runtime knows the flag that limits garbage', () => {
  expect(execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })).toContain('--heap-growing-percent')
})
