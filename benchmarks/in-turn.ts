/**
 * Times of things that are to be compared: one call of each in turn, again and again, so that whatever else the machine
 * does meets all of them alike. What comes before everything is compiled, a third, is thrown away.
 */

/** The median of a thing's times, in milliseconds. */
export function inTurn<Name extends string>(
  rounds: number,
  things: Readonly<Record<Name, (round: number) => unknown>>,
): (name: Name) => number {
  const entries = Object.entries<(round: number) => unknown>(things)
  const times = new Map<string, number[]>(entries.map(([name]) => [name, []]))
  const warmUp = Math.ceil(rounds / 2)
  for (let round = 0; round < warmUp + rounds; round += 1) {
    for (const [name, thing] of entries) {
      const began = performance.now()
      thing(round)
      const took = performance.now() - began
      if (round >= warmUp) times.get(name)?.push(took)
    }
  }
  return (name) => median(times.get(name) ?? [])
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
}
