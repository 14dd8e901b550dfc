/** The logs of all programs of a simulation: only errors count, unless somebody wants to see everything. */
import type { Log } from '../../rpc/index.ts'
import type { Context } from '../io.ts'
import { createLog } from '../log.ts'
import { clean } from '../view/index.ts'

const SHOWN = 5

export interface Errors {
  readonly count: number
  /** The first ones, a line each. */
  readonly first: readonly string[]
  /** The log of one program. */
  readonly log: (program: string) => Log
}

export function createErrors(context: Context): Errors {
  const first: string[] = []
  let count = 0
  return {
    first,
    get count() {
      return count
    },
    log(program) {
      const shown = context.verbose ? createLog(context, program) : undefined
      return {
        info: (fields, message) => shown?.info(fields, message),
        warn: (fields, message) => shown?.warn(fields, message),
        error(fields, message) {
          shown?.error(fields, message)
          count += 1
          if (first.length < SHOWN) first.push(clean(`${program}: ${message}`))
        },
      }
    },
  }
}
