/** The parent's side of the fault tests: one program as a process that is started, ordered, watched, killed, started anew. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Order, Report } from './points.ts'

export interface Point {
  readonly program: string
  readonly point: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface ProgramOptions {
  readonly name: string
  /** TypeScript source of the child. */
  readonly file: URL
  readonly home: string
  /** Its stderr goes there, from one start to the next. */
  readonly log: string
  readonly seen: (point: Point) => void
  /** By how much its clock is ahead when it starts. */
  readonly offsetMs: () => number
}

export class Program {
  readonly name: string
  readonly #options: ProgramOptions
  #child: ChildProcess | undefined
  /** Stopped by `stop`. */
  still = false

  constructor(options: ProgramOptions) {
    this.#options = options
    this.name = options.name
  }

  get pid(): number {
    const { pid } = this.#running()
    if (pid === undefined) throw new Error(`${this.name} has no process`)
    return pid
  }

  /** Resolves when it says that it is ready. @param killAt the point at which it kills itself, from its first moment on */
  async start(killAt?: string): Promise<void> {
    const { file, home, log, seen, name, offsetMs } = this.#options
    const stderr = openSync(log, 'a')
    const child = fork(file, [home, killAt ?? '', String(offsetMs())], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', stderr, 'ipc'],
    })
    closeSync(stderr)
    this.still = false
    this.#child = child
    const { promise, resolve, reject } = deferred()
    // One that kills itself before it is ready has been started all the same.
    child.once('exit', (code, signal) =>
      killAt === undefined ? reject(new Error(`${name} ended (${code ?? signal}); its log is ${log}`)) : resolve(),
    )
    child.on('message', (report: Report) => {
      if (report.kind === 'ready') resolve()
      if (report.kind === 'point') seen({ program: name, point: report.point, data: report.data })
    })
    await promise
  }

  get running(): boolean {
    const child = this.#child
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  async order(order: Order): Promise<void> {
    const child = this.#running()
    const { promise, resolve } = deferred()
    const listen = ({ kind }: Report) => {
      if (kind === 'done') resolve()
    }
    child.on('message', listen)
    child.send(order)
    await promise
    child.off('message', listen)
  }

  killAt(point: string, nth = 1): Promise<void> {
    return this.order({ kind: 'kill-at', point, nth })
  }

  /** Resolves when the process is gone, by its own hand. */
  async gone(): Promise<void> {
    const child = this.#child
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    if (child?.signalCode !== 'SIGKILL') throw new Error(`${this.name} ended with ${child?.exitCode}`)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  async restart(): Promise<void> {
    await this.kill()
    await this.start()
  }

  /** Kills itself at each of these points, the first of them at its n-th time, and is started anew each time. */
  async fall(points: readonly string[], nth = 1): Promise<void> {
    const [first, ...rest] = points
    if (first !== undefined) await this.killAt(first, nth)
    for (const next of [...rest, undefined]) {
      await this.gone()
      await this.start(next)
    }
  }

  /** Resolves when the system has stopped it. */
  async stop(): Promise<void> {
    const { pid } = this
    process.kill(pid, 'SIGSTOP')
    this.still = true
    // The signal is on its way for microseconds; nothing tells a parent on Node when it has come.
    while (!/^\d+ \(.*\) T /.test(await readFile(`/proc/${pid}/stat`, 'utf8')));
  }

  continue(): void {
    this.still = false
    process.kill(this.pid, 'SIGCONT')
  }

  #running(): ChildProcess {
    const child = this.#child
    if (child && child.exitCode === null && child.signalCode === null) return child
    throw new Error(`${this.name} is not running`)
  }
}

export function deferred(): {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
} {
  let resolve: () => void = () => undefined
  let reject: (error: unknown) => void = () => undefined
  const promise = new Promise<void>((...settle) => {
    ;[resolve, reject] = settle
  })
  return { promise, resolve, reject }
}
