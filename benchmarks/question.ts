/** What a benchmark file gives the harness. */
export interface Row {
  readonly question: string
  readonly case: string
  readonly value: number
  readonly unit: string
  /** value divided by that of `against`, measured in the same run. */
  readonly ratio: number | null
  readonly against: string | null
}

export interface Setting {
  /** Only the small cases: whether the benchmark works, not how fast it is. */
  readonly quick: boolean
  /** Progress, for people. */
  readonly remark: (text: string) => void
}

export interface Question {
  readonly name: string
  readonly asks: string
  /** Every case in the order of the rows, with or without --quick. */
  measure(setting: Setting): AsyncIterable<Row>
}
