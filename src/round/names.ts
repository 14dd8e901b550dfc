/** Whether a list of parties names one, for lists that never change: a thousand parties ask a thousand times a round. */
const sets = new WeakMap<readonly string[], ReadonlySet<string>>()

export function names(parties: readonly string[], party: string): boolean {
  const set = sets.get(parties) ?? new Set(parties)
  sets.set(parties, set)
  return set.has(party)
}
