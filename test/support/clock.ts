/** A clock that moves when it is told to, and refuses to go back. */
export interface TestClock {
  now(): number
  advance(ms: number): void
}

export function createTestClock(startMs: number): TestClock {
  let time = startMs
  return {
    now: () => time,
    advance(ms) {
      if (!(ms >= 0)) throw new Error(`the clock was told to move by ${ms} ms`)
      time += ms
    },
  }
}
