/** The word that a misspelt one probably stands for: "did you mean ...?" belongs to every refusal of a name. */

/** Words longer than this are cut before they are compared: the cost is quadratic, and no name of ours is longer. */
const LONGEST_WORD = 64

/**
 * The nearest candidate within a third of the word's letters (at least one), or the only one that it begins.
 * Case, hyphens and underscores do not count: learning_rate, learning-rate and LearningRate all mean learningRate.
 */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const meant = plain(word)
  if (meant.length === 0) return undefined
  const limit = Math.max(1, Math.floor(meant.length / 3))
  const [nearest] = candidates
    .map((candidate) => ({ candidate, distance: editDistance(meant, plain(candidate)) }))
    .sort((left, right) => left.distance - right.distance)
  if (nearest !== undefined && nearest.distance <= limit) return nearest.candidate
  const begun = candidates.filter((candidate) => plain(candidate).startsWith(meant))
  return begun.length === 1 ? begun[0] : undefined
}

function plain(word: string): string {
  return word
    .slice(0, LONGEST_WORD)
    .replace(/[_\- ]/g, '')
    .toLowerCase()
}

/** Levenshtein's distance, with the exchange of two neighbours as one edit (optimal string alignment). */
function editDistance(a: string, b: string): number {
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
