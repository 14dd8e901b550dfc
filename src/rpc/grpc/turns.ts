/**
 * Calls that come together are begun a few in a turn of the event loop. A round that opens brings a call of each of its
 * parties within milliseconds; to begin a thousand of them at once would keep everything else waiting for 200 ms.
 */

/** At some 0.2 ms each. */
const CALLS_A_TURN = 16

/** Runs each piece of work in its order, now or in one of the next turns. */
export function createTurns(aTurn = CALLS_A_TURN): (work: () => void) => void {
  const waiting: (() => void)[] = []
  let begun = 0
  const next = () => {
    begun = 0
    while (begun < aTurn && waiting.length > 0) begin(waiting.splice(0, 1)[0])
  }
  const begin = (work: (() => void) | undefined) => {
    if (begun === 0) setImmediate(next)
    begun += 1
    work?.()
  }
  return (work) => {
    if (begun < aTurn && waiting.length === 0) begin(work)
    else waiting.push(work)
  }
}
