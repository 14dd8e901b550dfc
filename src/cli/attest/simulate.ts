/**
 * `attest simulate`: evidence of the simulated TEE as files, genuine or with one named fault, for those who check
 * verifiers. It really signs, under a root that says "Simulated TEE"; no production policy can name that root.
 */
import { join } from 'node:path'
import { createSimulatedPlatform, teeKinds, variationNames } from '../../tee/simulator/index.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exit.ts'
import { type NewFile, writeDirectory } from '../files.ts'
import { required } from '../init/sign.ts'
import type { Context } from '../io.ts'
import { bindingOf, timeOf } from './verify.ts'

export interface SimulateOptions {
  readonly seed: string | undefined
  readonly tee: (typeof teeKinds)[number] | undefined
  readonly fault: string | undefined
  readonly at: string | undefined
  readonly 'report-data': string | undefined
  readonly out: string | undefined
}

export async function simulate(context: Context, options: SimulateOptions): Promise<number> {
  const tee = required(options.tee, 'tee')
  const directory = context.path(required(options.out, 'out'))
  const now = timeOf(options.at, context.io.now())
  const binding = bindingOf(options['report-data'])
  const kind = teeKinds.find((each) => each === tee)
  if (kind === undefined)
    throw new CliError('CLI_ARGUMENT_INVALID', `--tee is "${tee}", expected ${teeKinds.join(', ')}`)
  if (options.fault !== undefined && !variationNames(kind).includes(options.fault)) {
    const known = variationNames(kind).join(', ')
    throw new CliError('CLI_ARGUMENT_INVALID', `--fault ${options.fault} is not known for ${kind}; known: ${known}`)
  }
  const seed = required(options.seed, 'seed')
  const platform = createSimulatedPlatform({ seed, now, tee: kind, ...(options.fault && { fault: options.fault }) })
  const reportData = binding === 'unbound' ? new Uint8Array(64) : binding.reportData
  const files: NewFile[] = [
    { path: 'quote.bin', text: platform.quote({ reportData }) },
    { path: 'collateral.json', text: platform.collateralJson() },
    { path: 'root.pem', text: platform.rootPem },
    ...(platform.eventLog ? [{ path: 'event-log.bin', text: platform.eventLog }] : []),
  ]
  await writeDirectory(directory, files)
  const names = files.map(({ path }) => path)
  const fault = options.fault ?? null
  context.result({ simulated: true, tee: kind, fault, directory, files: names }, [
    `SIMULATED ${kind} evidence${fault ? ` with fault ${fault}` : ''} in ${directory}: ${names.join(', ')}`,
    `next: coffer attest verify ${join(directory, 'quote.bin')} --collateral ${join(directory, 'collateral.json')} --roots ${join(directory, 'root.pem')}`,
  ])
  return exits.ok.code
}
