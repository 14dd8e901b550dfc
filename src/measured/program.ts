/**
 * The measured program from its start to its end: read the home, measure, verify the policy, serve until a signal.
 * There is no option: what it does is in the home, whose policy the organisations signed, and attestation is never off.
 */
import { parseArgs } from 'node:util'
import { limitGarbage, startAggregator } from '../aggregator/index.ts'
import { CodedError } from '../errors/index.ts'
import { type AttestationPolicy, parseSignedPolicy, policyDigest, verifyPolicy } from '../job/index.ts'
import type { Log, Network, Program } from '../rpc/index.ts'
import type { Devices } from '../tee/index.ts'
import { digestsOf, type ProgramDigests } from './digest.ts'
import { MeasuredError } from './errors.ts'
import { readBounded } from './files.ts'
import { type MeasuredHome, readHome } from './home.ts'
import { createJsonLog } from './log.ts'
import { openMeasured } from './register.ts'
import { GRACE_MS } from '../timeouts/index.ts'

/** The bundle has 2 MB or so. */
const MAXIMUM_PROGRAM_BYTES = 64 * 1024 * 1024

const ENDED = 0
const FAILED = 1
/** Arguments or files cannot be used; nothing was done. */
const UNUSABLE = 2
const INTERRUPTED = 130

/** What the program touches of the world outside; main.ts makes it from the process. */
export interface World {
  readonly argv: readonly string[]
  /** The file that this program was loaded from. */
  readonly bundle: string
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Calls the listener at each signal to end. */
  readonly onSignal: (listener: () => void) => void
  readonly network: Network
  readonly devices: Devices
}

/** Gives the exit code; every failure is one line of the log, with code and next step. */
export async function runMeasured(world: World): Promise<number> {
  const log = createJsonLog((line) => world.stderr.write(line), world.now)
  const signals = receiveSignals(world)
  try {
    const home = await readHome(homeOf(world.argv))
    const policy = requirePolicy(home)
    const program = digestsOf((await readBounded(world.bundle, 'program', MAXIMUM_PROGRAM_BYTES)).bytes)
    const aggregator = await start(world, home, policy, program, log)
    return await operate(aggregator, signals, log)
  } catch (error) {
    return report(error, log)
  }
}

function homeOf(argv: readonly string[]): string {
  try {
    const { values } = parseArgs({ args: [...argv], options: { home: { type: 'string' } }, strict: true })
    if (values.home !== undefined && values.home !== '') return values.home
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new MeasuredError('MEASURED_ARGUMENT', `the arguments cannot be read: ${why}`, { cause: error })
  }
  throw new MeasuredError('MEASURED_ARGUMENT', '--home DIR is missing')
}

/** Enough organisations signed it, and it is for hardware. That it is the newest, the parties see: its digest is stated. */
function requirePolicy({ config, policy: { file, text } }: MeasuredHome): AttestationPolicy {
  const policy = verifyPolicy(parseSignedPolicy(text, file), { federation: config.federation })
  if (policy.purpose === 'production') return policy
  throw new MeasuredError('MEASURED_POLICY_SIMULATED', `${file} has purpose ${policy.purpose}, expected production`)
}

async function start(
  { network, now, devices, stdout }: World,
  { config, identity, stateDirectory }: MeasuredHome,
  accepted: AttestationPolicy,
  program: ProgramDigests,
  log: Log,
): Promise<Program> {
  const { federation, name, listen, tee } = config
  const policy = { digest: policyDigest(accepted), version: accepted.version }
  const attester = await openMeasured({ tee, devices, program, log })
  const options = {
    federation,
    listen,
    identity,
    network,
    now,
    log,
    allowPlain: false,
    attester,
    policy,
    stateDirectory,
  }
  limitGarbage()
  const aggregator = await startAggregator(options)
  const { address } = aggregator
  const ready = { ready: true, federation, role: 'aggregator', name, address, tee: attester.name, program, policy }
  stdout.write(`${JSON.stringify(ready)}\n`)
  return aggregator
}

interface Signals {
  readonly first: Promise<void>
  readonly second: Promise<void>
}

function receiveSignals({ onSignal }: World): Signals {
  const first = new AbortController()
  const second = new AbortController()
  onSignal(() => (first.signal.aborted ? second : first).abort())
  const moment = ({ signal }: AbortController) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  return { first: moment(first), second: moment(second) }
}

async function operate(aggregator: Program, signals: Signals, log: Log): Promise<number> {
  const event = await Promise.race([aggregator.ended.then(() => 'ended'), signals.first.then(() => 'signal')])
  if (event === 'ended') {
    log.error({}, 'the program ended by itself')
    return FAILED
  }
  log.info({}, 'finishing what is under way; a second signal ends it at once')
  const drained = aggregator.drain(GRACE_MS).then(() => ENDED)
  const end = await Promise.race([drained, signals.second.then(() => INTERRUPTED)])
  if (end === ENDED) log.info({}, 'ended')
  return end
}

function report(error: unknown, log: Log): number {
  if (!(error instanceof CodedError)) {
    log.error({ error }, 'something that the program does not expect: a defect')
    return FAILED
  }
  log.error({ code: error.code, next: error.row.next }, error.message)
  return error.row.status === 'INVALID_ARGUMENT' ? UNUSABLE : FAILED
}
