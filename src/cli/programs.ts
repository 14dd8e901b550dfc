/**
 * The three programs: read the home, start, say so in one line, run until a signal. The first signal drains (open
 * rounds end, streams are told), a second one ends the process at once.
 */
import { isAbsolute, join } from 'node:path'
import type { Log, Network, Program } from '../rpc/index.ts'
import { addressOr } from './address.ts'
import { exits } from './exit.ts'
import { readText } from './files.ts'
import { homeFiles, openHome, type Home } from './home.ts'
import type { Context, Io } from './io.ts'
import { createLog } from './log.ts'
import { networkOf } from './session.ts'
import { GRACE_MS } from '../timeouts/index.ts'

interface Shared {
  readonly federation: string
  readonly identity: Home['identity']
  readonly network: Network
  readonly now: () => number
  readonly log: Log
}

/** A relative SQLite path is meant from the home, wherever the program was started. */
export function storeUrl(directory: string, url: string): string {
  const path = url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : undefined
  if (path === undefined || path.startsWith(':memory:') || isAbsolute(path)) return url
  return `sqlite:${join(directory, path)}`
}

export async function coordinator(
  context: Context,
  options: { readonly listen: string | undefined; readonly aggregator: string | undefined },
): Promise<number> {
  const home = await openHome(context, 'coordinator')
  const listen = addressOr(options.listen, 'listen', home.config.listen)
  const aggregator = addressOr(options.aggregator, 'aggregator', home.config.aggregator)
  const [{ startCoordinator }, { openStore, storeName }] = await Promise.all([
    import('../coordinator/index.ts'),
    import('../store/index.ts'),
  ])
  const url = storeUrl(home.directory, home.config.store)
  const { openLedgerKey } = await import('./ledger/key.ts')
  const ledgerKey = await openLedgerKey(context, home)
  await using store = await openStore(url)
  return await operate(context, home, logOf(context, home), (shared) =>
    startCoordinator({
      ...shared,
      listen,
      aggregator,
      store,
      storeName: storeName(url),
      version: context.io.version,
      ledgerKey,
    }),
  )
}

export async function aggregator(
  context: Context,
  options: { readonly listen: string | undefined; readonly 'allow-plain': boolean },
): Promise<number> {
  const home = await openHome(context, 'aggregator')
  const listen = addressOr(options.listen, 'listen', home.config.listen)
  const { limitGarbage, startAggregator } = await import('../aggregator/index.ts')
  limitGarbage()
  const log = logOf(context, home)
  const attestation = await (await import('./attest/open-aggregator.ts')).openAttestation(context, home, log)
  const { state } = home.config
  const stateDirectory = isAbsolute(state) ? state : join(home.directory, state)
  return await operate(context, home, log, (shared) =>
    startAggregator({ ...shared, ...attestation, listen, allowPlain: options['allow-plain'], stateDirectory }),
  )
}

export async function party(
  context: Context,
  options: { readonly coordinator: string | undefined; readonly aggregator: string | undefined },
): Promise<number> {
  const home = await openHome(context, 'party')
  const { name, backend } = home.config
  const [{ startParty, createWitness }, { parsePartyPolicy }] = await Promise.all([
    import('../../parties/index.ts'),
    import('../job/index.ts'),
  ])
  const at = (path: string) => (isAbsolute(path) ? path : join(home.directory, path))
  const policy = parsePartyPolicy(await readText(at(home.config.policy), 'policy'))
  const log = logOf(context, home)
  const { openAppraiser } = await import('./attest/open-party.ts')
  await using attestation = await openAppraiser(context, home, log, { tell: (text) => log.warn({}, text) })
  return await operate(context, home, log, (shared) =>
    startParty({
      ...shared,
      appraiser: attestation.appraiser,
      name,
      coordinator: addressOr(options.coordinator, 'coordinator', home.config.coordinator),
      aggregator: addressOr(options.aggregator, 'aggregator', home.config.aggregator),
      policy,
      datasets: Object.fromEntries(Object.entries(home.config.datasets).map(([dataset, path]) => [dataset, at(path)])),
      ...(backend === undefined ? {} : { backend }),
      stateDirectory: at(home.config.state),
      witness: (ledger) =>
        createWitness({ directory: at(homeFiles.witness), federation: shared.federation, parties: ledger, log }),
      version: context.io.version,
    }),
  )
}

/** The signals of the process as two moments. */
function receiveSignals(io: Io) {
  const first = new AbortController()
  const second = new AbortController()
  const release = io.onSignal(() => (first.signal.aborted ? second : first).abort())
  const moment = ({ signal }: AbortController) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  return { first: moment(first), second: moment(second), release }
}

const logOf = (context: Context, { config }: Home): Log => createLog(context, `coffer-${config.role}`)

async function operate(
  context: Context,
  home: Home,
  log: Log,
  start: (shared: Shared) => Promise<Program>,
): Promise<number> {
  const { federation, role, name } = home.config
  const { io } = context
  const signals = receiveSignals(io)
  try {
    const network = await networkOf(context)
    const program = await start({ federation, identity: home.identity, network, now: io.now, log })
    const { address } = program
    const who = role === 'party' ? `party ${name}` : role
    const does = address === '' ? 'is up' : `listens on ${address}`
    context.result({ ready: true, federation, role, name, address }, `${who} of federation ${federation} ${does}`)
    const event = await Promise.race([program.ended.then(() => 'ended'), signals.first.then(() => 'signal')])
    if (event === 'ended') {
      log.error({}, 'the program ended by itself')
      return exits.failed.code
    }
    log.info({}, 'finishing what is under way; a second signal ends it at once')
    const drained = program.drain(GRACE_MS).then(() => program[Symbol.asyncDispose]())
    const end = await Promise.race([
      drained.then(() => exits.ok.code),
      signals.second.then(() => exits.interrupted.code),
    ])
    if (end === exits.ok.code) log.info({}, 'ended')
    return end
  } finally {
    signals.release()
  }
}
