/** The word that was probably meant, for "did you mean". */

/** Edits (insert, delete, replace, swap of neighbours) between two words: optimal string alignment distance. */
export function editDistance(a: string, b: string): number {
  let older: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let best = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (older[j - 2] ?? 0) + 1)
      }
      row.push(best)
    }
    older = previous
    previous = row
  }
  return previous[b.length] ?? 0
}

/** Words longer than this are not compared: the cost is quadratic and nobody means them. */
const LONGEST_WORD = 64

/** The nearest candidate within a third of the word's length (at least one edit), or one that it begins. */
export function suggestion(word: string, candidates: readonly string[]): string | undefined {
  if (word.length === 0 || word.length > LONGEST_WORD) return undefined
  const limit = Math.max(1, Math.floor(word.length / 3))
  const [nearest] = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((left, right) => left.distance - right.distance)
  if (nearest !== undefined && nearest.distance <= limit) return nearest.candidate
  const begun = candidates.filter((candidate) => candidate.startsWith(word))
  return begun.length === 1 ? begun[0] : undefined
}
