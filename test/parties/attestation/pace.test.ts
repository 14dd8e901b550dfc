/** Accepted verdicts in quick succession are turned away, so that whoever cuts connections cannot fill a disk. */
import { expect, test } from 'vitest'
import { RecordError } from '../../../parties/index.ts'
import { createPace } from '../../../parties/attestation/pace.ts'

test('three in a minute, then none until a minute has passed', () => {
  let now = 0
  const pace = createPace(() => now)
  const connect = () => {
    pace.check()
    pace.accepted()
  }
  for (let count = 0; count < 3; count += 1) connect()
  expect(connect).toThrow(RecordError)
  expect(connect).toThrow(expect.objectContaining({ code: 'RECORD_PACE' }))
  now += 60_000
  for (let count = 0; count < 3; count += 1) connect()
  expect(connect).toThrow(RecordError)
  now -= 3_600_000
  expect(connect).not.toThrow()
})
