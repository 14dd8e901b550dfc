/** How a simulation looks while it goes on, on stderr: one line in place in a terminal, else a line for each round. */
import { type Context, styleOf } from '../io.ts'
import { bar, createScreen, decimal, leadingMetric } from '../view/index.ts'
import { clock } from '../view/text.ts'
import type { Entry } from './diary.ts'

export interface Progress extends Disposable {
  /** What goes on before the first round. */
  phase(text: string): void
  closed(entry: Entry): void
}

const BAR = 30
const RECENT = 5

/** @param rounds training rounds; two more are played */
export function createProgress(context: Context, rounds: number, withMetrics: boolean): Progress {
  const { io, quiet } = context
  const { animate } = styleOf(io.stderr, io.env)
  const screen = animate && !quiet ? createScreen(io.stderr) : undefined
  const began = io.now()
  const durations: number[] = []
  let last = began

  const say = (text: string): void => {
    if (screen) screen.draw([text])
    else context.remark(text)
  }
  const closed = (entry: Entry): void => {
    const now = io.now()
    if (entry.task === 'train') durations.push(now - last)
    last = now
    const recent = durations.slice(-RECENT)
    const mean = recent.reduce((sum, each) => sum + each, 0) / recent.length
    const done = entry.task === 'evaluate' ? rounds : entry.round
    const left = recent.length === 0 || done >= rounds ? '' : `; ${clock((rounds - done) * mean)} left`
    const drawn = screen ? `${bar(done / rounds, BAR)}  ` : ''
    const metric = withMetrics ? metricText(entry) : ''
    say(`${clock(now - began).padStart(7)}  ${drawn}${entryText(entry, rounds)}${metric}${left}`)
  }
  return {
    phase: (text) => say(`${clock(io.now() - began).padStart(7)}  ${text}`),
    closed,
    [Symbol.dispose]: () => screen?.close(),
  }
}

function entryText({ round, task, contributors, missing, seconds }: Entry, rounds: number): string {
  const name = task === 'train' ? `round ${round}/${rounds}` : task === 'statistics' ? 'statistics' : 'last evaluation'
  const gone = missing === 0 ? '' : `, ${missing} missing`
  return `${name}: ${contributors} parties${gone}, ${seconds.toFixed(2)} s`
}

function metricText({ metrics }: Entry): string {
  const name = leadingMetric(metrics)
  const value = name === undefined ? undefined : metrics[name]
  return value === undefined ? '' : `; ${name} ${decimal(value)}`
}
