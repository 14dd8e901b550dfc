/**
 * Rules over several keys of a spec. They see values of which other keys may be wrong, so each looks at what it needs
 * through a loose schema and says nothing where that does not fit: the key's own rule has spoken already.
 */
import * as z from 'zod'
import { aggregationRules } from './aggregation-rules.ts'
import { type Context, expect } from './expect.ts'

/** Texts of a list that are there twice, at the place of the second. */
export function allDifferent(what: string) {
  return (list: unknown, context: Context): void => {
    if (!Array.isArray(list)) return
    const seen = new Set<unknown>()
    for (const [index, item] of list.entries()) {
      if (seen.has(item)) expect(context, [index], `${what} that is not listed before`)
      seen.add(item)
    }
  }
}

const range = z.object({ minimum: z.number(), maximum: z.number() })

export function rangeRule(value: unknown, context: Context): void {
  const parsed = range.safeParse(value)
  if (!parsed.success || parsed.data.minimum < parsed.data.maximum) return
  expect(context, ['maximum'], `a number above the minimum, ${parsed.data.minimum}`)
}

const columns = z.object({ id: z.unknown(), label: z.unknown(), features: z.array(z.unknown()) })
const named = z.object({ name: z.string() })

/** Each column has one role. Names are compared without case: Age beside age is a mistake to people, and one column
 * to most databases. */
export function columnRules(value: unknown, context: Context): void {
  const parsed = columns.safeParse(value)
  if (!parsed.success) return
  const { id, label, features } = parsed.data
  const roles = new Map<string, string>()
  if (typeof id === 'string') roles.set(id.toLowerCase(), 'the id column')
  if (typeof label === 'string') {
    if (roles.has(label.toLowerCase())) expect(context, ['label'], 'another column than the id column')
    roles.set(label.toLowerCase(), 'the label column')
  }
  for (const [index, feature] of features.entries()) {
    const name = named.safeParse(feature)
    if (!name.success) continue
    const key = name.data.name.toLowerCase()
    const other = roles.get(key)
    if (other === undefined) roles.set(key, `features[${index}]`)
    else
      expect(context, ['features', index, 'name'], `another column than ${other} (upper and lower case are the same)`)
  }
}

const sizes = z.object({
  // One party alone is a problem of its own.
  parties: z.array(z.unknown()).min(2),
  rounds: z.object({ quorum: z.number() }),
})
const thresholds = z.object({ rounds: z.object({ quorum: z.number(), minimumParties: z.number() }) })
const asked = z.object({ rounds: z.object({ cohort: z.number() }), parties: z.array(z.unknown()).min(2) })
const closing = z.object({
  rounds: z.object({ quorum: z.number(), cohort: z.number().optional(), enough: z.number().optional() }),
  parties: z.array(z.unknown()).min(2),
})
const kinds = z.object({ model: z.object({ kind: z.string() }), task: z.object({ kind: z.string() }) })
const positive = z.object({ task: z.object({ kind: z.string() }), data: z.object({ positive: z.unknown() }) })

export function specRules(value: unknown, context: Context): void {
  sizeRules(value, context)
  kindRules(value, context)
  aggregationRules(value, context)
}

/** minimumParties <= quorum <= enough <= cohort <= parties. */
function sizeRules(value: unknown, context: Context): void {
  const size = sizes.safeParse(value)
  if (size.success && size.data.rounds.quorum > size.data.parties.length) {
    expect(context, ['rounds', 'quorum'], `at most ${size.data.parties.length}, the number of parties`)
  }
  const threshold = thresholds.safeParse(value)
  if (threshold.success && threshold.data.rounds.minimumParties > threshold.data.rounds.quorum) {
    expect(context, ['rounds', 'minimumParties'], `at most ${threshold.data.rounds.quorum}, the quorum`)
  }
  const cohort = asked.safeParse(value)
  if (cohort.success && cohort.data.rounds.cohort > cohort.data.parties.length) {
    expect(context, ['rounds', 'cohort'], `at most ${cohort.data.parties.length}, the number of parties`)
  }
  const close = closing.safeParse(value)
  if (close.success) closingRule(close.data, context)
}

/** A key that is not there stands for the next larger number. */
function closingRule({ rounds, parties }: z.infer<typeof closing>, context: Context): void {
  const { quorum, cohort = parties.length, enough } = rounds
  if (rounds.cohort !== undefined && cohort < quorum) {
    expect(context, ['rounds', 'cohort'], `at least ${quorum}, the quorum`)
  } else if (enough !== undefined && enough < quorum) {
    expect(context, ['rounds', 'enough'], `at least ${quorum}, the quorum`)
  } else if (enough !== undefined && enough > cohort) {
    expect(context, ['rounds', 'enough'], `at most ${cohort}, the parties asked in a round`)
  }
}

function kindRules(value: unknown, context: Context): void {
  const kind = kinds.safeParse(value)
  if (kind.success && kind.data.model.kind === 'logistic' && kind.data.task.kind === 'regression') {
    expect(
      context,
      ['model', 'kind'],
      "'mlp' or 'layers' for a regression: logistic predicts probabilities; a linear regression is 'layers' with one Dense layer of one unit",
    )
  }
  const label = positive.safeParse(value)
  if (label.success && label.data.task.kind !== 'binary-classification' && label.data.data.positive !== undefined) {
    expect(context, ['data', 'positive'], 'this key only where task.kind is binary-classification')
  }
}
