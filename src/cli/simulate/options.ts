/** The options of `simulate`, checked before anything is made. */
import { availableParallelism } from 'node:os'
import type { BackendName } from '../../../parties/index.ts'
import { MAXIMUM_PARTIES } from '../../update/index.ts'
import { CliError } from '../errors.ts'

export interface SimulateOptions {
  readonly parties: number | undefined
  readonly params: number | undefined
  readonly drop: string | undefined
  readonly rounds: number | undefined
  readonly rows: number | undefined
  readonly shift: string | undefined
  readonly data: string | undefined
  readonly seed: number | undefined
  readonly threads: number | undefined
  readonly backend: BackendName | undefined
  readonly out: string | undefined
}

export interface Wanted {
  readonly parties: number
  /** About so many parameters and made-up updates; undefined: the job's model, trained. */
  readonly parameters: number | undefined
  readonly drop: number
  readonly rounds: number | undefined
  readonly rows: number
  readonly shift: number
  readonly data: string | undefined
  readonly seed: number | undefined
  readonly threads: number
  readonly backend: BackendName | undefined
  readonly out: string | undefined
}

/** Few enough that hundreds of parties are made in a moment, enough for a visible curve. */
const USUAL_ROWS = 200

export function checkOptions(options: SimulateOptions): Wanted {
  const { parties, params, data, out, backend } = options
  if (parties === undefined) throw new CliError('CLI_ARGUMENT_INVALID', '--parties N is missing')
  if (data !== undefined) refuseBeside('data', options, ['rows', 'shift'])
  if (params !== undefined) refuseBeside('params', options, ['out', 'backend', 'threads'])
  return {
    parties: within('parties', parties, 2, MAXIMUM_PARTIES),
    parameters: params === undefined ? undefined : within('params', params, 1, 50_000_000),
    drop: fraction('drop', options.drop, (value) => value >= 0 && value < 1, '0 or more and below 1'),
    rounds: options.rounds === undefined ? undefined : within('rounds', options.rounds, 1, 10_000),
    rows: within('rows', options.rows ?? USUAL_ROWS, 10, 100_000),
    shift: fraction('shift', options.shift, (value) => value >= 0 && value <= 3, '0 to 3'),
    data,
    seed: options.seed === undefined ? undefined : within('seed', options.seed, 0, 2 ** 32 - 1),
    threads: within('threads', options.threads ?? Math.max(1, availableParallelism() - 1), 1, 256),
    backend,
    out,
  }
}

function refuseBeside(name: string, options: SimulateOptions, others: readonly (keyof SimulateOptions)[]): void {
  const stray = others.find((other) => options[other] !== undefined)
  if (stray) throw new CliError('CLI_ARGUMENT_INVALID', `--${stray} does not go with --${name}`)
}

function within(name: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value
  throw new CliError('CLI_ARGUMENT_INVALID', `--${name} is ${value}, expected ${least} to ${most}`)
}

function fraction(name: string, text: string | undefined, fits: (value: number) => boolean, expected: string): number {
  const value = Number(text ?? '0')
  if (text?.trim() !== '' && fits(value)) return value
  throw new CliError('CLI_ARGUMENT_INVALID', `--${name} is "${text}", expected a number, ${expected}`)
}
