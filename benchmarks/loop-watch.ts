/**
 * How long the event loop of this process is kept from its work. A timer that comes late tells it, and so does
 * monitorEventLoopDelay; on a machine that others use, most of that is the wait for a core. What the program itself is to
 * blame for is the processor time that the thread used between two ticks of the timer: that is told beside it.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const TICK_MS = 2

export interface LoopUsage {
  /** By the clock: waits for a core included. */
  readonly longestDelayMs: number
  /** Processor time of the event loop's thread without a turn of the timer; NaN where the system does not tell. */
  readonly longestBlockMs: number
}

export class LoopWatch {
  readonly #delay = monitorEventLoopDelay({ resolution: 1 })
  #longestBlockMs = 0
  #before = threadCpuMs()
  #timer: NodeJS.Timeout | undefined

  /** From now on. */
  start(): void {
    this.stop()
    this.#delay.reset()
    this.#delay.enable()
    this.#longestBlockMs = 0
    this.#before = threadCpuMs()
    this.#timer = setInterval(() => {
      const now = threadCpuMs()
      this.#longestBlockMs = Math.max(this.#longestBlockMs, now - this.#before)
      this.#before = now
    }, TICK_MS)
  }

  stop(): LoopUsage {
    clearInterval(this.#timer)
    this.#delay.disable()
    return { longestDelayMs: this.#delay.max / 1e6, longestBlockMs: this.#longestBlockMs }
  }
}

/** Of the main thread, in nanoseconds there: the scheduler's own count. */
export function threadCpuMs(): number {
  const text = proc('schedstat')
  return text === undefined ? Number.NaN : Number(text.split(' ')[0]) / 1e6
}

/** By number, the threads that this process has now. */
export function threads(): string[] {
  return process.platform === 'linux' ? readdirSync('/proc/self/task') : []
}

/** Processor time of the threads that have come since, and are there yet: those of workers. */
export function newThreadsCpuMs(since: readonly string[]): number {
  const ms = (thread: string) => Number((proc(`task/${thread}/schedstat`) ?? '').split(' ')[0]) / 1e6
  const added = threads().filter((thread) => !since.includes(thread))
  return added.reduce((sum, thread) => sum + ms(thread), process.platform === 'linux' ? 0 : Number.NaN)
}

/** The most memory that this process ever had, without what its parent had at the fork, as getrusage(2) counts. */
export function peakBytes(): number {
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(proc('status') ?? '')?.[1]
  return peak === undefined ? process.resourceUsage().maxRSS * 1024 : Number(peak) * 1024
}

/** Linux has these; other systems are told what can be told. */
function proc(name: string): string | undefined {
  return process.platform === 'linux' ? readFileSync(`/proc/self/${name}`, 'latin1') : undefined
}
