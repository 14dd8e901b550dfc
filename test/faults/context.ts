/** What the command line's parts want to know of the world, for a program in a home of its own. */
import type { Context } from '../../src/cli/io.ts'

const silent = { write: () => true }

export const contextOf = (home: string, now: () => number): Context => ({
  io: {
    stdout: silent,
    stderr: silent,
    env: {},
    cwd: home,
    now,
    version: '0.0.0-test',
    onSignal: () => () => undefined,
  },
  ...{ home, homeGiven: true, json: false, verbose: false, quiet: true },
  path: (relative) => relative,
  result: () => undefined,
  remark: () => undefined,
})
