/** How a run looks while it goes on: state, live view, plain lines, screen. `demo` uses the same. */
export { plainLine } from './plain.ts'
export { type Frame, leadingMetric, renderView } from './render.ts'
export { createScreen, type Screen } from './screen.ts'
export { bar, sparkline } from './spark.ts'
export {
  type Evaluation,
  isFinal,
  type PartyView,
  reduceView,
  remainingMs,
  type ViewState,
  viewOf,
  withDecisions,
} from './state.ts'
export { type Column, renderTable } from './table.ts'
export { teeMark, teeText } from './tee.ts'
export { ago, clean, decimal } from './text.ts'
