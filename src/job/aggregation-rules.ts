/**
 * Which ways of summing, strategies, robust rules, compressions and privacy go together, and with how many parties.
 * As all rules over several keys, each looks at what it needs through a loose schema.
 */
import * as z from 'zod'
import { type Context, expect } from './expect.ts'

const kindOf = z.object({ kind: z.string() })
const features = z.object({
  summation: z.unknown().optional(),
  strategy: kindOf.optional().catch(undefined),
  robust: kindOf.optional().catch(undefined),
  compression: kindOf.optional().catch(undefined),
  privacy: z.unknown().optional(),
  rounds: z.object({ late: z.unknown().optional(), enough: z.unknown().optional() }).optional().catch(undefined),
  training: z.object({ optimizer: z.unknown().optional() }).optional().catch(undefined),
})
type Features = z.infer<typeof features>
type Kinded = 'strategy' | 'robust' | 'compression'

export function aggregationRules(value: unknown, context: Context): void {
  const parsed = features.safeParse(value)
  if (parsed.success) {
    paillierRule(parsed.data, context)
    scaffoldRule(parsed.data, context)
    fedbuffRule(parsed.data, context)
    privacyRule(parsed.data, context)
    topKRule(parsed.data, context)
  }
  bufferRule(value, context)
  robustSizeRule(value, context)
}

/** The kind, unless it is `none` or missing. */
function chosen(spec: Features, key: Kinded): string | undefined {
  const kind = spec[key]?.kind
  return kind === 'none' ? undefined : kind
}

/** What needs the updates one by one. Under Paillier the aggregator sees their sum only. */
function paillierRule(spec: Features, context: Context): void {
  if (spec.summation !== 'paillier') return
  const kind = spec.strategy?.kind
  const wants = [
    kind === 'scaffold' || kind === 'fedbuff' ? `strategy ${kind}` : undefined,
    ...(['robust', 'compression'] as const).map((key) => chosen(spec, key) && `${key} ${chosen(spec, key)}`),
    spec.privacy === undefined ? undefined : 'privacy',
    spec.rounds?.late === 'keep' ? 'rounds.late keep' : undefined,
  ].filter((want) => want !== undefined)
  if (wants.length === 0) return
  expect(
    context,
    ['summation'],
    `'tee' for ${wants.join(', ')}: single updates must be seen, which only a trusted execution environment may do`,
  )
}

/** Its updates are pairs of model and control deltas, and the control variates must come from plain steps. */
function scaffoldRule(spec: Features, context: Context): void {
  if (spec.strategy?.kind !== 'scaffold') return
  if (spec.training?.optimizer !== undefined && spec.training.optimizer !== 'sgd') {
    expect(context, ['training', 'optimizer'], "'sgd', written out, for strategy scaffold: its controls are gradients")
  }
  for (const key of ['compression', 'robust'] as const) {
    if (chosen(spec, key) === undefined) continue
    expect(context, [key, 'kind'], "'none' beside strategy scaffold, whose controls are exact means")
  }
  if (spec.privacy !== undefined) {
    expect(context, ['privacy'], 'nothing beside strategy scaffold: no noise is proved to hide its controls')
  }
  if (spec.rounds?.late === 'keep') {
    expect(context, ['rounds', 'late'], "'drop' beside strategy scaffold: the controls of a late update are outdated")
  }
}

/** Its buffer closes a round and its staleness says which late updates count. */
function fedbuffRule(spec: Features, context: Context): void {
  if (spec.strategy?.kind !== 'fedbuff') return
  if (spec.rounds?.enough !== undefined) {
    expect(context, ['rounds', 'enough'], 'nothing beside strategy fedbuff, whose buffer closes a round')
  }
  if (spec.rounds?.late === 'keep') {
    expect(context, ['rounds', 'late'], "'drop' beside strategy fedbuff, whose maximumStaleness says what counts")
  }
  if (chosen(spec, 'robust') !== undefined) {
    expect(context, ['robust', 'kind'], "'none' beside strategy fedbuff: updates to different models do not compare")
  }
}

/** Noise fits what one party can change: that is known for the mean alone. Clipping comes after decompression, so
 * compression changes nothing. */
function privacyRule(spec: Features, context: Context): void {
  if (spec.privacy === undefined || chosen(spec, 'robust') === undefined) return
  expect(context, ['robust', 'kind'], "'none' beside privacy: how much one party changes is proved for the mean alone")
}

/** Most values of most updates are zero then, and so is what stands in the middle of them. */
function topKRule(spec: Features, context: Context): void {
  const rule = spec.robust?.kind
  if (spec.compression?.kind !== 'top-k' || (rule !== 'median' && rule !== 'trimmed-mean')) return
  expect(context, ['compression', 'kind'], `'none' or 'int8' beside robust ${rule}: the middle of mostly zeros is zero`)
}

const buffered = z.object({
  strategy: z.object({ kind: z.literal('fedbuff'), buffer: z.number() }),
  rounds: z.object({ quorum: z.number(), cohort: z.number().optional() }),
  parties: z.array(z.unknown()).min(2),
})

function bufferRule(value: unknown, context: Context): void {
  const parsed = buffered.safeParse(value)
  if (!parsed.success) return
  const { strategy, rounds, parties } = parsed.data
  const asked = rounds.cohort ?? parties.length
  if (strategy.buffer < rounds.quorum) {
    expect(context, ['strategy', 'buffer'], `at least ${rounds.quorum}, the quorum`)
  } else if (strategy.buffer > asked) {
    expect(context, ['strategy', 'buffer'], `at most ${asked}, the parties asked in a round`)
  }
}

const sized = z.object({
  robust: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('trimmed-mean'), trim: z.number() }),
    z.object({ kind: z.literal('krum'), byzantine: z.number() }),
    z.object({ kind: z.literal('multi-krum'), byzantine: z.number(), selected: z.number() }),
  ]),
  rounds: z.object({ quorum: z.number(), minimumParties: z.number() }),
})

/** A round may close with the quorum: the rule must hold then. */
function robustSizeRule(value: unknown, context: Context): void {
  const parsed = sized.safeParse(value)
  if (!parsed.success) return
  const { robust, rounds } = parsed.data
  if (robust.kind === 'trimmed-mean') trimRule(robust.trim, rounds.quorum, context)
  else krumRule(robust, rounds, context)
}

/** Cut at each end: floor(trim * n) for n >= quorum. A share below a half leaves at least one of any number; a quorum
 * of which nothing is cut would make the rule an ordinary mean. */
function trimRule(trim: number, quorum: number, context: Context): void {
  if (Math.floor(trim * quorum) >= 1) return
  expect(context, ['robust', 'trim'], `at least 1/${quorum}: with the quorum of ${quorum} nothing would be cut off`)
}

type Krum =
  | { readonly kind: 'krum'; readonly byzantine: number }
  | { readonly kind: 'multi-krum'; readonly byzantine: number; readonly selected: number }

/** Blanchard et al., Machine Learning with Adversaries, NeurIPS 2017, proposition 1: 2 f + 2 < n. */
function krumRule(
  robust: Krum,
  { quorum, minimumParties }: { readonly quorum: number; readonly minimumParties: number },
  context: Context,
): void {
  const { kind, byzantine } = robust
  if (quorum < 2 * byzantine + 3) {
    const most = Math.floor((quorum - 3) / 2)
    const allowed = most < 1 ? 'a quorum of at least 5' : `at most ${most}`
    expect(context, ['robust', 'byzantine'], `${allowed}: ${kind} needs a quorum of 2 * byzantine + 3`)
    return
  }
  if (robust.kind !== 'multi-krum') return
  const most = quorum - byzantine - 2
  if (robust.selected > most) {
    expect(context, ['robust', 'selected'], `at most ${most}, the quorum less byzantine and 2`)
  } else if (robust.selected < minimumParties) {
    expect(context, ['robust', 'selected'], `at least ${minimumParties}, the minimumParties of which a sum is released`)
  }
}
