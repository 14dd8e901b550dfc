/** One line per event that matters, for outputs that are not terminals. */
import type { RunEvent } from '../../round/index.ts'
import { leadingMetric } from './render.ts'
import { describe, type ViewState } from './state.ts'
import { clean, clock, decimal } from './text.ts'

/** `view` is the state before the event. Begins with the time since the run was submitted. */
export function plainLine(event: RunEvent, view: ViewState): string | undefined {
  const text = describe(event, view)
  if (text === undefined) return undefined
  const numbers = event.kind === 'round-closed' ? measured(event) : ''
  return clean(`${clock(event.atMs - view.createdMs).padStart(7)}  ${text}${numbers}`)
}

function measured(event: Extract<RunEvent, { kind: 'round-closed' }>): string {
  const name = leadingMetric(event.metrics)
  const value = name === undefined ? undefined : event.metrics[name]
  const metric = value === undefined ? '' : `; ${name} ${decimal(value)} (model after round ${event.round - 1})`
  return `${metric}${event.task === 'train' ? `; training loss ${decimal(event.trainingLoss)}` : ''}`
}
