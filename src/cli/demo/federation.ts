/**
 * A whole federation on one machine, made with the same verbs an operator would type: the root, the homes of
 * coordinator, aggregator and user, and one home per party with its dataset and policy.
 */
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { initFederation } from '../init/federation.ts'
import { initParty } from '../init/party.ts'
import type { Context } from '../io.ts'
import type { Processes } from './processes.ts'

export interface PartyFile {
  readonly name: string
  /** CSV or Parquet, absolute path. */
  readonly file: string
}

export interface DemoFederation {
  /** For verbs of the federation's user. */
  readonly context: Context
  /** By name: coordinator, aggregator, and each party. */
  readonly programs: ReadonlyMap<string, ChildProcess>
}

/** Starts every program and resolves when all are ready. */
export async function startFederation(
  context: Context,
  directory: string,
  parties: readonly PartyFile[],
  dataset: string,
  processes: Processes,
): Promise<DemoFederation> {
  const federation = join(directory, 'federation')
  const inside: Context = {
    ...context,
    home: federation,
    homeGiven: true,
    json: false,
    quiet: true,
    result: () => undefined,
  }
  const [coordinator, aggregator] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
  await initFederation(inside, { coordinator, aggregator, days: 2, simulated: true }, 'demo')
  for (const { name, file } of parties) {
    const home = join(federation, 'parties', name)
    const options = { federation, data: [`${dataset}=${file}`], days: 2 }
    await initParty({ ...inside, home }, { ...options, request: false, certificate: undefined, roots: undefined }, name)
  }
  const start = async (name: string, verb: string, home: string) => {
    return [name, (await processes.start(name, [verb, '--home', join(federation, home)])).child] as const
  }
  const started = await Promise.all([
    start('aggregator', 'aggregator', 'aggregator'),
    start('coordinator', 'coordinator', 'coordinator'),
    ...parties.map(({ name }) => start(name, 'party', `parties/${name}`)),
  ])
  return { context: inside, programs: new Map(started) }
}

/** A port that was free a moment ago; the program says so if somebody else was quicker. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
