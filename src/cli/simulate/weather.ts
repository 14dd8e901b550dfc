/**
 * Cuts the lines of the parties that are gone in a round, in the moment in which its task reaches them, and mends them
 * when a round opens for which they are back.
 *
 * A round of a small model lasts less than the way back: so that a party that is back takes part in the round it is back
 * for, whatever the speed of the machine, the updates of that round wait at the lines until all who return have joined.
 * They wait at most RETURN_MS: an agent that does not come back at all must not stop the others.
 */
import type { Network } from '../../rpc/index.ts'
import type { RunEvent } from '../../round/index.ts'
import type { Absences } from './absences.ts'
import { createLine, type Line } from './line.ts'
import { PROGRESS_MS } from '../../timeouts/index.ts'

const RETURN_MS = PROGRESS_MS

export interface Weather extends Disposable {
  /** The network of one party's agent. */
  networkOf(party: string): Network
  /** What is heard of the run: who has joined again. */
  event(event: RunEvent): void
}

interface Gate {
  readonly awaited: Set<string>
  readonly opened: Promise<void>
  readonly open: () => void
  readonly timer: NodeJS.Timeout | undefined
}

export function createWeather(network: Network, absences: Absences): Weather {
  const lines = new Map<string, Line>()
  const away = new Set<string>()
  let round = -1
  let gate = createGate([])

  const enter = (number: number): void => {
    if (number <= round) return
    round = number
    const gone = absences.in(number)
    const back = [...away].filter((party) => !gone.has(party))
    gate.open()
    gate = createGate(back)
    for (const party of back) {
      away.delete(party)
      lines.get(party)?.mend()
    }
  }
  const returned = (party: string): void => {
    gate.awaited.delete(party)
    if (gate.awaited.size === 0) gate.open()
  }
  const task = async (party: string, answer: unknown): Promise<boolean> => {
    const number = roundOf(answer)
    if (number === undefined) return true
    enter(number)
    if (absences.in(number).has(party)) {
      away.add(party)
      await lines.get(party)?.cut()
      return false
    }
    returned(party)
    return true
  }
  return {
    networkOf(party) {
      const line = createLine(network, {
        before: async (method) => (method === 'submitUpdate' ? gate.opened : undefined),
        passing: async (method, answer) => (method === 'join' ? task(party, answer) : true),
      })
      lines.set(party, line)
      return line
    },
    event(event) {
      if (event.kind === 'party-changed' && event.activity === 'joined' && event.round === round) returned(event.party)
    },
    [Symbol.dispose]() {
      gate.open()
      for (const line of lines.values()) line.mend()
    },
  }
}

/** Of a task; undefined for the news that the run has ended. */
function roundOf(task: unknown): number | undefined {
  if (typeof task !== 'object' || task === null || !('kind' in task) || !('round' in task)) return undefined
  return task.kind !== 'ended' && typeof task.round === 'number' ? task.round : undefined
}

function createGate(awaited: readonly string[]): Gate {
  let resolve = (): void => undefined
  const opened = new Promise<void>((done) => {
    resolve = done
  })
  const timer = awaited.length === 0 ? undefined : setTimeout(() => resolve(), RETURN_MS)
  const open = (): void => {
    clearTimeout(timer)
    resolve()
  }
  if (awaited.length === 0) open()
  return { awaited: new Set(awaited), opened, open, timer }
}
