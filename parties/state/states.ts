/**
 * The state directory of a party: one directory per run, by its id. Of runs that have ended the newest stay, for their
 * receipts; a run that has not ended is never thrown away by itself, since without its state this party might send a
 * second update for a round. So that nobody fills the disk with runs that never end, there is a bound on those too.
 */
import { join } from 'node:path'
import type { Disk } from './disk.ts'
import { StateError } from './errors.ts'
import { readFacts } from './facts.ts'
import { endRun, type RunIdentity, RunState } from './run-state.ts'

/** A run's receipts have 3 kB a round among ten parties. */
export const KEPT_ENDED_RUNS = 100
export const MOST_OPEN_RUNS = 128

const runForm = /^[0-9a-f]{32}$/

export interface States {
  /** Throws StateError. */
  open(identity: RunIdentity): Promise<RunState>
  /** The run is over, as the coordinator says: where this party keeps something of it, only what is small stays. */
  end(run: string): Promise<void>
}

export function createStates(directory: string, disk: Disk): States {
  const at = (run: string): string => {
    // The name comes from the coordinator, which nobody trusts with paths.
    if (!runForm.test(run))
      throw new StateError('STATE_DAMAGED', `${JSON.stringify(run.slice(0, 64))} is no id of a run`)
    return join(directory, run)
  }
  const runs = async () => (await disk.list(directory)).filter(({ name }) => runForm.test(name))
  const isEnded = async (run: string): Promise<boolean> => (await readFacts(disk, at(run)))?.ended ?? false

  const prune = async (): Promise<void> => {
    const looked = (await runs()).map(async (run) => ({ ...run, over: await isEnded(run.name) }))
    const ended = (await Promise.all(looked)).filter(({ over }) => over).sort((a, b) => b.changedMs - a.changedMs)
    for (const { name } of ended.slice(KEPT_ENDED_RUNS)) await disk.remove(directory, name)
  }
  return {
    async open(identity) {
      const place = at(identity.run)
      const known = await runs()
      if (!known.some(({ name }) => name === identity.run) && known.length >= MOST_OPEN_RUNS) {
        await prune()
        const left = await runs()
        const open = await Promise.all(left.map(async ({ name }) => !(await isEnded(name))))
        const count = open.filter(Boolean).length
        if (count >= MOST_OPEN_RUNS) {
          throw new StateError('STATE_TOO_MANY', `${directory} holds ${count} runs that have not ended`)
        }
      }
      await disk.makeDirectory(directory)
      return RunState.open(disk, place, identity)
    },
    async end(run) {
      const facts = await readFacts(disk, at(run))
      if (facts === undefined) return
      if (!facts.ended) await endRun(disk, at(run), facts)
      await prune()
    },
  }
}
