/**
 * The demo's programs: real processes, each told by one line on its stdout that it is ready, all of them gone when the
 * demo ends, however it ends.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { CliError } from '../errors.ts'
import { CONNECT_MS, GRACE_MS } from '../../timeouts/index.ts'

/** The programs run from their TypeScript sources. */
const LOADER = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
/** A program that is not ready after this long will not be; on two loaded cores it takes about three seconds. */
const READY_DEADLINE_MS = CONNECT_MS
/** For a program to end after SIGTERM before it is killed. */
const END_DEADLINE_MS = GRACE_MS / 4

export interface ReadyProgram {
  readonly child: ChildProcess
  /** Where it listens; '' where it does not. */
  readonly address: string
}

export interface Processes extends AsyncDisposable {
  /**
   * Starts `coffer ARGS --json`, from these sources or from a copy of them, and resolves when it says that it is ready.
   * Throws CliError CLI_DEMO_PROGRAM.
   */
  start(name: string, args: readonly string[], main?: string): Promise<ReadyProgram>
}

/** @param logs the directory that gets one log file per program */
export function createProcesses(logs: string): Processes {
  const children: ChildProcess[] = []
  return {
    async start(name, args, main = MAIN) {
      const child = spawn(process.execPath, ['--import', LOADER, main, ...args, '--json'], {
        // A program ends when the channel to its parent breaks: nothing outlives a demo that is killed.
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      })
      children.push(child)
      const log = join(logs, `${name}.log`)
      child.stderr?.pipe(createWriteStream(log))
      return { child, address: await ready(child, name, log) }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map(end))
    },
  }
}

async function ready(child: ChildProcess, name: string, log: string): Promise<string> {
  const failed = (how: string) => new CliError('CLI_DEMO_PROGRAM', `${name} ${how}; its log is ${log}`)
  const signal = AbortSignal.timeout(READY_DEADLINE_MS)
  if (!child.stdout) throw failed('has no output')
  const lines = createInterface({ input: child.stdout })
  const line = once(lines, 'line', { signal }).then(([text]) => String(text))
  const exit = once(child, 'exit', { signal }).then(([code]) => {
    throw failed(`ended with exit code ${code} before it was ready`)
  })
  const error = once(child, 'error', { signal }).then(([cause]) => {
    throw failed(`could not be started (${cause})`)
  })
  // Whichever of the three does not win is of no interest any more.
  for (const each of [line, exit, error]) each.catch(() => undefined)
  const text = await Promise.race([line, exit, error]).catch((cause: unknown) => {
    throw signal.aborted ? failed(`was not ready within ${READY_DEADLINE_MS / 1000} s`) : cause
  })
  if (!/"ready":\s*true/.test(text)) throw failed(`said ${text} instead of being ready`)
  return /"address":\s*"([^"]*)"/.exec(text)?.[1] ?? ''
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), END_DEADLINE_MS)
  await exit
  clearTimeout(kill)
}
