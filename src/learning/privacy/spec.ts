/** What a job says about differential privacy; docs/job-spec.md has the meaning of each key. */
export type ClipSpec =
  | { readonly kind: 'fixed'; readonly bound: number }
  | { readonly kind: 'adaptive'; readonly initial: number; readonly quantile: number; readonly learningRate: number }

export interface PrivacySpec {
  readonly clip: ClipSpec
  readonly noiseMultiplier: number
  readonly delta: number
  /** Epsilon. */
  readonly budget: number
  readonly metrics: 'withheld' | 'exact'
}
