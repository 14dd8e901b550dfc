/** What a watcher shows: the live view in a terminal, else plain lines. Owns the screen and its timer. */
import type { Run, RunEvent } from '../round/index.ts'
import type { Output, Style } from './io.ts'
import {
  clean,
  createScreen,
  isFinal,
  plainLine,
  reduceView,
  renderView,
  type ViewState,
  viewOf,
  withDecisions,
} from './view/index.ts'

export interface Watcher {
  event(event: RunEvent): void
  /** The stream broke, and will be tried again. */
  lost(why: string): void
  /** The run as it is now, with the decisions of its parties. */
  decided(run: Run): void
  lastSequence(): number
  ended(): boolean
  /** Idempotent; gives the terminal back. */
  close(): void
}

export interface WatcherOptions {
  readonly output: Output
  readonly style: Style
  readonly silent: boolean
  /** Milliseconds since the epoch, by the clock of the events. */
  readonly now: () => number
  /** The run as it is now: decisions are not events. */
  readonly refresh: () => Promise<Run>
}

/** Ten frames a second would flicker over ssh; seconds are shown, so four look alive. */
const FRAME_MS = 250
const DECISIONS_EVERY_MS = 2000

export function createWatcher(options: WatcherOptions, run: Run): Watcher {
  let view = withDecisions(viewOf(run), run)
  const shown = options.silent ? silence : options.style.animate ? liveView(options) : plainLines(options)
  const decided = (fresh: Run) => {
    view = withDecisions(view, fresh)
  }
  // Also after the run was accepted: the last decisions are younger than what was asked for last.
  const awaited = () => !isFinal(view.state) && view.parties.some(({ decision }) => decision === 'undecided')
  const decisions = setInterval(() => {
    // The stream of events meets the same trouble and tells it.
    if (view.state === 'proposed' || awaited()) options.refresh().then(decided, () => undefined)
  }, DECISIONS_EVERY_MS)
  const frames = setInterval(() => shown.tick(view), FRAME_MS)
  let open = true
  return {
    event(event) {
      const before = view
      view = reduceView({ ...view, connected: true }, event)
      shown.event(event, before, view)
    },
    lost(why) {
      if (view.connected) shown.lost(why, view.lastSequence)
      view = { ...view, connected: false }
      shown.tick(view)
    },
    decided,
    lastSequence: () => view.lastSequence,
    ended: () => isFinal(view.state),
    close() {
      if (!open) return
      open = false
      clearInterval(decisions)
      clearInterval(frames)
      shown.close(view)
    },
  }
}

interface Shown {
  event(event: RunEvent, before: ViewState, after: ViewState): void
  lost(why: string, sequence: number): void
  tick(view: ViewState): void
  close(view: ViewState): void
}

const nothing = () => undefined
const silence: Shown = { event: nothing, lost: nothing, tick: nothing, close: nothing }

function liveView({ output, style, now }: WatcherOptions): Shown {
  const screen = createScreen(output)
  const draw = (view: ViewState) =>
    screen.draw(renderView(view, { width: output.columns ?? style.width, now: now(), colour: style.colour }))
  return {
    // A history arrives in one burst: the next frame shows it.
    event: (_event, _before, after) => (isFinal(after.state) ? draw(after) : undefined),
    lost: nothing,
    tick: draw,
    close(view) {
      draw(view)
      screen.close()
    },
  }
}

function plainLines({ output }: WatcherOptions): Shown {
  return {
    event(event, before) {
      const line = event.sequence > before.lastSequence ? plainLine(event, before) : undefined
      if (!before.connected) output.write('connected again\n')
      if (line !== undefined) output.write(`${line}\n`)
    },
    lost: (why, sequence) =>
      void output.write(`connection to the coordinator lost after event ${sequence} (${clean(why)}); trying again\n`),
    tick: nothing,
    close: nothing,
  }
}
