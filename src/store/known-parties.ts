/**
 * The parties of the runs that were read last, so that each of a thousand decisions does not read and decode a thousand
 * rows. What is kept holds for the number of the run's last event: a run's parties change only with an event, so whoever
 * reads the run's row can tell, even if another program has changed the run meanwhile.
 */
import type { PartyState } from '../round/index.ts'

/** Runs kept: 250 kB each with 1,024 parties. */
const KEPT_RUNS = 16

export class KnownParties {
  /** The one that was used last is the last one. */
  readonly #runs = new Map<string, { readonly sequence: number; readonly parties: readonly PartyState[] }>()

  of(runId: string, sequence: number): readonly PartyState[] | undefined {
    const known = this.#runs.get(runId)
    return known?.sequence === sequence ? known.parties : undefined
  }

  /** Only what is committed. */
  keep(runId: string, sequence: number, parties: readonly PartyState[]): void {
    this.#runs.delete(runId)
    this.#runs.set(runId, { sequence, parties })
    const [oldest] = this.#runs.size > KEPT_RUNS ? this.#runs.keys() : []
    if (oldest !== undefined) this.#runs.delete(oldest)
  }
}
