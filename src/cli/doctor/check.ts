/** What one look of the doctor says. */
export type Verdict = 'ok' | 'warn' | 'fail'

export interface Check {
  readonly verdict: Verdict
  readonly name: string
  readonly found: string
  /** What to do, where there is something to do. */
  readonly next?: string
}

export const ok = (name: string, found: string): Check => ({ verdict: 'ok', name, found })
export const warn = (name: string, found: string, next: string): Check => ({ verdict: 'warn', name, found, next })
export const fail = (name: string, found: string, next: string): Check => ({ verdict: 'fail', name, found, next })
