/**
 * What a verb may touch of the world outside: two outputs, the environment, the working directory, the clock, signals
 * and the network. `main.ts` makes it from the process; tests and the demo make their own.
 */
import type { Network } from '../rpc/index.ts'

export interface Output {
  write(text: string): unknown
  /** True where a person looks at it. */
  readonly isTTY?: boolean | undefined
  /** Width of the terminal in characters. */
  readonly columns?: number | undefined
  /** Its height in lines. */
  readonly rows?: number | undefined
}

export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly version: string
  /** Calls the listener for each SIGINT and SIGTERM instead of ending the process, until the returned function is called. */
  readonly onSignal: (listener: (signal: 'SIGINT' | 'SIGTERM') => void) => () => void
  /** gRPC unless something else is given. */
  readonly network?: Network
}

export interface Style {
  /** May use colours. */
  readonly colour: boolean
  /** May move the cursor: a live view. */
  readonly animate: boolean
  /** Characters in a line. */
  readonly width: number
}

const USUAL_WIDTH = 80

/** NO_COLOR (no-color.org), TERM=dumb and outputs that are not terminals are respected. */
export function styleOf(output: Output, env: Io['env']): Style {
  const terminal = output.isTTY === true && env.TERM !== 'dumb'
  const noColour = env.NO_COLOR !== undefined && env.NO_COLOR !== ''
  return { colour: terminal && !noColour, animate: terminal, width: output.columns ?? USUAL_WIDTH }
}

/** Given to each verb: the world, and the global options. */
export interface Context {
  readonly io: Io
  /** The base directory as an absolute path: --home, COFFER_HOME or ./.coffer. */
  readonly home: string
  /** Whether --home or COFFER_HOME named it. */
  readonly homeGiven: boolean
  readonly json: boolean
  readonly verbose: boolean
  readonly quiet: boolean
  /** An absolute path from one on the command line. */
  path(relative: string): string
  /** The verb's result: the object under --json, else the text. At most once. */
  result(value: object, text: string | readonly string[]): void
  /** A remark for people, to stderr; silent with --quiet. */
  remark(text: string): void
}

export type GlobalFlags = Pick<Context, 'home' | 'homeGiven' | 'json' | 'verbose' | 'quiet'>
