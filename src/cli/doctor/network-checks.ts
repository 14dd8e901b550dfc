/**
 * What must be reached: a program's neighbours and its own port, by its own certificate; and what only the coordinator
 * can tell a user: itself, its clock, the aggregator, the connected parties.
 */
import { createServer } from 'node:net'
import type { CoordinatorStatus, Role } from '../../rpc/index.ts'
import { CALL_MS } from '../../timeouts/index.ts'
import { addressOr, hostOf, portOf } from '../address.ts'
import { type Home, type HomeConfig, readIdentity } from '../home.ts'
import { explained, failureOf } from '../exit.ts'
import type { Context } from '../io.ts'
import { silentLog } from '../log.ts'
import { networkOf, openSession } from '../session.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** Certificates and deadlines bear more, but a clock so wrong will soon be worse. */
const CLOCK_MS = 5000

export async function checkCoordinator(
  context: Context,
  options: { readonly coordinator: string | undefined },
): Promise<Check[]> {
  try {
    await using session = await openSession(context, options)
    const before = context.io.now()
    const status = await session.runs.getStatus({}, session.soon)
    return judgeStatus(status, session.coordinator, (before + context.io.now()) / 2)
  } catch (error) {
    return [await failed('coordinator, connection', error)]
  }
}

async function failed(name: string, error: unknown): Promise<Check> {
  const { message, next } = await explained(failureOf(error), error)
  return fail(name, message, next)
}

type Reach = (address: string, role: Role) => Promise<void>

/** What the program of a home dials, and where it listens. Nothing for a user, whom `checkCoordinator` serves. */
export async function checkNeighbours(
  context: Context,
  directory: string,
  config: HomeConfig,
  options: { readonly coordinator: string | undefined },
): Promise<Check[]> {
  const network = await networkOf(context)
  const identity = await readIdentity(directory)
  const signal = new AbortController().signal
  const reach: Reach = async (address, role) => {
    await using connection = network.connect({ address, identity, role })
    await connection.reach({ signal, deadlineMs: CALL_MS })
  }
  const dialled = async (who: string, role: Role, address: string): Promise<Check> => {
    const name = `${who}, reaches the ${role}`
    return reach(address, role).then(
      () => ok(name, address),
      (error: unknown) => failed(name, error),
    )
  }
  switch (config.role) {
    case 'party': {
      const who = `party ${config.name}`
      const coordinator = addressOr(options.coordinator, 'coordinator', config.coordinator)
      return Promise.all([
        dialled(who, 'coordinator', coordinator),
        checkAttestation(context, who, { directory, config, identity }),
      ])
    }
    case 'coordinator':
      return Promise.all([
        checkPort('coordinator', config.listen, reach),
        dialled('coordinator', 'aggregator', config.aggregator),
      ])
    case 'aggregator':
      return [
        await checkPort('aggregator', config.listen, reach),
        await checkEvidence(context, { directory, config, identity }),
      ]
    case 'user':
      return []
  }
}

/** What the aggregator would start with. No quote is asked for: some devices give one only while nobody else does. */
async function checkEvidence(context: Context, home: Home<'aggregator'>): Promise<Check> {
  const name = 'aggregator, evidence'
  try {
    const { openAttestation } = await import('../attest/open-aggregator.ts')
    const { attester, policy } = await openAttestation(context, home, silentLog)
    const found = `${attester.name}, under version ${policy.version} of the attestation policy`
    if (home.config.tee !== 'simulated') return ok(name, found)
    return warn(name, `SIMULATED: ${found}`, 'nothing for trying out; in earnest, run it in a TEE')
  } catch (error) {
    return failed(name, error)
  }
}

/** As the agent dials: what is found is written down as its verdict is. */
async function checkAttestation(context: Context, who: string, home: Home<'party'>): Promise<Check> {
  const name = `${who}, attests the aggregator`
  const { aggregator } = home.config
  try {
    const { attestAggregator } = await import('../attest/check.ts')
    const { simulated, refusal } = await attestAggregator(context, home, aggregator, true)
    if (refusal !== undefined) return await failed(name, refusal)
    return simulated
      ? warn(
          name,
          `${aggregator} is accepted; it is SIMULATED`,
          'nothing for trying out; in earnest, a federation on hardware',
        )
      : ok(name, `${aggregator} is what the federation's policy expects`)
  } catch (error) {
    return failed(name, error)
  }
}

/** Where a program that listens everywhere is dialled from its own machine. */
const nearby: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }

async function checkPort(role: 'coordinator' | 'aggregator', listen: string, reach: Reach): Promise<Check> {
  const name = `${role}, port`
  if (portOf(listen) === 0) return ok(name, `${listen}: any that is free`)
  const host = nearby[hostOf(listen)]
  try {
    await reach(host === undefined ? listen : `${host}:${portOf(listen)}`, role)
    return ok(name, `this ${role} listens on ${listen}`)
  } catch (error) {
    const free = await bindable(listen)
    if (free === 'free') return ok(name, `${listen} is free; the ${role} is not running here`)
    const found = error instanceof Error ? error.message : String(error)
    const next = `stop the program that listens there, or correct \`listen\` in the ${role}'s coffer.yaml`
    return fail(name, `${listen} cannot be used (${free}): ${found}`, next)
  }
}

/** `free`, or the system's reason. The port is taken for a moment only. */
function bindable(listen: string): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen(portOf(listen), hostOf(listen), () => void server.close(() => resolve('free')))
  })
}

/** `now`: this machine's clock when the status was made, in milliseconds. */
export function judgeStatus(status: CoordinatorStatus, address: string, now: number): Check[] {
  const ahead = Math.round((status.timeMs - now) / 100) / 10
  const parties = status.connectedParties
  const clock = `${Math.abs(ahead)} s ${ahead < 0 ? 'behind' : 'ahead of'} this machine`
  return [
    ok('coordinator, connection', `${address}, version ${status.version}, store ${status.store}`),
    Math.abs(status.timeMs - now) > CLOCK_MS
      ? warn('coordinator, clock', clock, 'set both clocks by NTP')
      : ok('coordinator, clock', clock),
    status.aggregatorReachable
      ? ok('aggregator, connection', 'the coordinator reaches it')
      : fail(
          'aggregator, connection',
          status.aggregatorDetail || 'the coordinator does not reach it',
          "start it, or correct `aggregator` in the coordinator's coffer.yaml",
        ),
    parties.length === 0
      ? warn('parties', 'none is connected', 'start the party agents')
      : ok('parties', `connected: ${parties.join(', ')}`),
  ]
}
