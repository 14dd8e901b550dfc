/**
 * A wait that ends by itself is one of the five timeouts of src/timeouts, or made of them. Anything else that counts
 * milliseconds stands in this list with what it is instead; a number that is in neither is found here.
 */
import { describe, expect, test } from 'vitest'
import * as timeouts from '../../src/timeouts/index.ts'
import { readTree } from './tree.ts'

/** File and name -> what it is, if not a timeout: nothing ends when it has passed. */
const others: Readonly<Record<string, string>> = {
  'src/coordinator/back-off.ts FIRST_MS': 'a pause between attempts',
  'src/coordinator/back-off.ts LONGEST_MS': 'a pause between attempts',
  'src/rpc/grpc/settings.ts backoffMs': 'a pause between attempts',
  'src/rpc/grpc/settings.ts backoffLimitMs': 'a pause between attempts',
  'src/tee/turns.ts FIRST_PAUSE_MS': 'a pause between attempts',
  'src/tee/turns.ts LONGEST_PAUSE_MS': 'a pause between attempts',
  'src/cli/watch.ts FIRST_PAUSE_MS': 'a pause between attempts',
  'src/cli/watch.ts LONGEST_PAUSE_MS': 'a pause between attempts',
  'src/store/sqlite.ts BUSY_MS': 'a pause between attempts, which are counted',
  'src/store/translate.ts LONGEST_WAIT_MS': 'a pause between attempts, which are counted',
  'parties/agent/persist.ts FIRST_PAUSE_MS': 'a pause between attempts',
  'parties/agent/persist.ts LONGEST_PAUSE_MS': 'a pause between attempts',
  'parties/agent/persist.ts REFUSED_PAUSE_MS': 'a pause between attempts',
  'parties/collateral/online.ts RENEW_PAUSE_MS': 'a pause between attempts',
  'parties/collateral/online.ts RENEW_AFTER_MS': 'the age of what is kept',
  'parties/attestation/pace.ts WITHIN_MS': 'a window in which connections are counted',
  'parties/attestation/appraiser.ts SAME_REFUSAL_MS': 'how often the same refusal is recorded',
  'parties/data/pace.ts SLICE_MS': 'how long work goes on before others have a turn',
  'src/rpc/turns.ts SLICE_MS': 'how long work goes on before others have a turn',
  'src/aggregator/prover.ts RENEW_MS': 'the age of a key',
  'src/aggregator/prover.ts LEAST_MS': 'the age of a key',
  'src/aggregator/uploads.ts STATUS_MS': 'how often an offset is told',
  'src/attestation/session/statement.ts MAXIMUM_KEY_LIFETIME_MS': 'the lifetime of a key',
  'src/attestation/session/statement.ts CLOCK_DIFFERENCE_MS': 'how far two clocks may differ',
  'src/rpc/identity/issue.ts DAY_MS': 'a unit',
  'src/rpc/identity/issue.ts CLOCK_SKEW_MS': 'how far two clocks may differ',
  'src/cli/doctor/network-checks.ts CLOCK_MS': 'how far two clocks may differ',
  'src/cli/doctor/home-checks.ts DAY_MS': 'a unit',
  'src/cli/attest/collateral.ts DAY_MS': 'a unit',
  'src/cli/attest/collateral.ts PROGRESS_MS': 'how often progress is told',
  'src/cli/attest/simulation.ts DAY_SECONDS': 'a unit',
  'src/cli/attest/check.ts PATIENCE_MS': 'after what a person is told that something takes time',
  'src/cli/watcher.ts FRAME_MS': 'how often a picture is drawn',
  'src/cli/watcher.ts DECISIONS_EVERY_MS': 'how often something is asked',
  'src/cli/demo/job.ts deadlineSeconds': 'the round deadline of the demo',
  'src/cli/simulate/job.ts LEAST_DEADLINE_SECONDS': 'the round deadline of a job that names none',
}

const NAMES = Object.keys(timeouts)

interface Found {
  readonly name: string
  readonly value: string
}

/** Constants and settings in units of time that are numbers of their own, and timers that are given a number. */
function numbersIn(text: string): Found[] {
  const found: Found[] = []
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  const named = [
    /\b([A-Z][A-Z0-9_]*_(?:MS|SECONDS|MINUTES|TIMEOUT|DEADLINE))\s*(?::[^=\n]+)?=\s*([^\n]+)/g,
    /\b([a-z]\w*(?:Ms|Seconds|Millis|Timeout|timeout))\s*[:=]\s*(\d[^\n,)]*)/g,
  ]
  for (const pattern of named) {
    for (const [, name = '', value = ''] of code.matchAll(pattern)) {
      // 0 and 2 ** 31 are none and for ever.
      if (!NAMES.some((each) => new RegExp(`\\b${each}\\b`).test(value)) && !/^(0\b(?!\.)|2 \*\* 31)/.test(value))
        found.push({ name, value })
    }
  }
  for (const [value] of code.matchAll(
    /AbortSignal\.timeout\(\s*\d[^)]*\)|\bsetTimeout\([^;{}]*,\s*[1-9][\d_]*\s*\)/g,
  )) {
    found.push({ name: 'a timer', value })
  }
  return found
}

describe('timeouts', () => {
  test('are five: four here, and the deadline of a job’s rounds', () => {
    expect(NAMES.sort()).toEqual(['CALL_MS', 'CONNECT_MS', 'GRACE_MS', 'PROGRESS_MS'])
    expect(timeouts.CALL_MS).toBeLessThan(timeouts.PROGRESS_MS)
    expect(timeouts.PROGRESS_MS).toBeLessThan(timeouts.CONNECT_MS)
  })

  test('are nowhere else', () => {
    const strange: string[] = []
    const seen = new Set<string>()
    for (const [path, text] of readTree(['src', 'parties'])) {
      if (path === 'src/timeouts/index.ts') continue
      for (const { name, value } of numbersIn(text)) {
        const place = `${path} ${name}`
        seen.add(place)
        if (!Object.hasOwn(others, place)) strange.push(`${place} = ${value}`)
      }
    }
    expect(strange).toEqual([])
    expect(Object.keys(others).filter((place) => !seen.has(place))).toEqual([])
  })

  test.each([
    'const LINGER_MS = 5_000',
    'const LINGER_MS: number = 5 * 1000',
    'export const REPLY_DEADLINE = 3',
    'const settings = { idleMs: 250 }',
    'AbortSignal.timeout(5_000)',
    'setTimeout(() => end(), 100)',
  ])('a sixth would be found: %s', (text) => {
    expect(numbersIn(text)).toHaveLength(1)
  })

  test.each([
    'const HALF_MS = CALL_MS / 2',
    '// LINGER_MS = 5',
    'const x = { deadlineMs: left }',
    'setTimeout(end, left)',
  ])('what is made of the five, or is no number, is not: %s', (text) => {
    expect(numbersIn(text)).toEqual([])
  })
})
