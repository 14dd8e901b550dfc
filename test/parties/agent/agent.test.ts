/** A party agent against servers that do not behave: it answers with codes, works on, and gives nothing away. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { agentErrors, AgentError, startParty } from '../../../parties/index.ts'
import { sha256, toHex } from '../../../src/crypto/index.ts'
import { canonicalSpec, jobDigest, type PartyPolicy } from '../../../src/job/index.ts'
import {
  type Assignment,
  bind,
  createMemoryNetwork,
  type Log,
  partyService,
  type RoundApi,
  roundService,
  type ServerCall,
  type Task,
} from '../../../src/rpc/index.ts'
import { createTestAttestation } from '../../support/attestation.ts'
import { openPolicy } from '../../support/federation.ts'
import { createAuthority } from '../../support/identities.ts'
import { loansSpec, writeLoans } from '../../support/loans.ts'

vi.setConfig({ testTimeout: 30_000 })

const parties = ['bank-a', 'bank-b']
const runId = 'ab'.repeat(16)
const files = writeLoans(parties, 300)
const closing: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

interface Script {
  readonly assignment: Assignment | readonly Assignment[]
  readonly rounds?: Partial<RoundApi<ServerCall>>
  readonly datasets?: Readonly<Record<string, string>>
  readonly policy?: PartyPolicy
}

/** Starts bank-a with scripted servers; `decided` and `logged` resolve when the agent has answered or logged that. */
async function startBank(script: Script) {
  const { assignment, rounds = {}, datasets = { loans: files['bank-a'] ?? '' }, policy = openPolicy } = script
  const network = createMemoryNetwork()
  const { issue, rootPem } = await createAuthority('test')
  const decisions = inbox<{ accepted: boolean; reasons: readonly string[] }>()
  const lines = inbox<string>()
  const note = (fields: object, message: string) => lines.put(`${message} ${JSON.stringify(fields)}`)
  const log: Log = { info: note, warn: note, error: note }
  const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const { signal } = new AbortController()
  const attestation = await createTestAttestation('test', rootPem)
  closing.push(attestation)
  const serve = async (role: 'coordinator' | 'aggregator', service: ReturnType<typeof bind>) => {
    const identity = await issue(role, 'main')
    const listening = await network.serve({
      address: '127.0.0.1:0',
      identity,
      services: [service],
      ...(role === 'aggregator' && { prover: attestation.prover(identity) }),
      signal,
      log: silent,
    })
    closing.push(listening)
    return listening.address
  }
  const coordinator = await serve(
    'coordinator',
    bind(
      partyService,
      {
        async *attend(_, call) {
          yield* Array.isArray(assignment) ? assignment : [assignment]
          await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
        },
        async decide(decision) {
          decisions.put(decision)
          return {}
        },
      },
      ['party'],
    ),
  )
  const unexpected = () => {
    throw new Error('not expected in this test')
  }
  const served = {
    join: unexpected,
    fetchParameters: unexpected,
    submitUpdate: unexpected,
    declineTask: unexpected,
    ...rounds,
  }
  const aggregator = await serve('aggregator', bind(roundService, served, ['party']))
  const identity = await issue('party', 'bank-a')
  const options = { federation: 'test', name: 'bank-a', coordinator, aggregator, identity, network, datasets, log }
  const appraiser = attestation.appraiser('bank-a')
  closing.push(await startParty({ ...options, policy, appraiser, backend: 'cpu', now: Date.now, version: '0' }))
  return {
    decidedAll: decisions.count,
    decided: decisions.first(() => true),
    logged: (text: string) => lines.first((line) => line.includes(text)),
  }
}

/** Values in order of arrival, and a promise of the first that fits. */
function inbox<T>() {
  const values: T[] = []
  const waiting: ((value: T) => void)[] = []
  return {
    put(value: T) {
      values.push(value)
      for (const each of waiting) each(value)
    },
    count: (wanted: number) =>
      new Promise<readonly T[]>((resolve) => {
        const look = () => values.length >= wanted && resolve(values)
        look()
        waiting.push(look)
      }),
    first: (fits: (value: T) => boolean) =>
      new Promise<T>((resolve) => {
        const known = values.find(fits)
        if (known !== undefined) resolve(known)
        else waiting.push((value) => fits(value) && resolve(value))
      }),
  }
}

const propose = (spec = loansSpec(parties), phase: Assignment['phase'] = 'decide'): Assignment => ({
  runId,
  phase,
  specJson: canonicalSpec(spec),
  detail: '',
})

describe('a proposal is declined', () => {
  test('when it does not name the party', async () => {
    const { decided } = await startBank({ assignment: propose(loansSpec(['bank-b', 'bank-c'])) })
    expect(await decided).toMatchObject({ accepted: false })
    expect((await decided).reasons.join()).toContain('POLICY_PARTY_NOT_NAMED')
  })

  test('when the agent holds as many runs as it can', async () => {
    const flood = Array.from({ length: 17 }, (_, i) => ({ ...propose(), runId: i.toString(16).padStart(32, '0') }))
    const { decidedAll } = await startBank({ assignment: flood })
    const decisions = await decidedAll(17)
    const busy = decisions.filter(({ reasons }) => reasons.join().includes('AGENT_BUSY'))
    expect(busy.length).toBe(1)
    expect(decisions.filter(({ accepted }) => accepted).length).toBe(16)
  })

  test('when the dataset is not configured', async () => {
    const { decided } = await startBank({ assignment: propose(), datasets: { accounts: 'elsewhere.csv' } })
    expect((await decided).reasons).toEqual([`AGENT_NO_DATASET: ${agentErrors.AGENT_NO_DATASET.cause}`])
  })

  test('when the data has fewer rows than the policy asks for', async () => {
    const path = writeLoans(['bank-a'], 3)['bank-a'] ?? ''
    const policy: PartyPolicy = { ...openPolicy, datasets: { loans: { columns: '*', minimumRows: 500 } } }
    const { decided } = await startBank({ assignment: propose(), datasets: { loans: path }, policy })
    expect((await decided).reasons.join()).toContain('POLICY_ROWS')
  })

  test('when something fails that has no code: the party is told where to look, the coordinator nothing', async () => {
    const failing = new Proxy(
      {},
      {
        getOwnPropertyDescriptor: () => {
          throw new TypeError('a secret of this bank')
        },
      },
    )
    const { decided, logged } = await startBank({ assignment: propose(), datasets: failing })
    expect((await decided).reasons).toEqual(["AGENT_FAILED: see the party's log"])
    expect(await logged('a secret of this bank')).toContain('cannot accept the run')
  })
})

test('a spec that is not canonical is declined, whatever the coordinator says of it', async () => {
  const specJson = new TextEncoder().encode(` ${new TextDecoder().decode(canonicalSpec(loansSpec(parties)))}`)
  const { decided } = await startBank({ assignment: { ...propose(), specJson } })
  expect((await decided).reasons.join()).toContain('JOB_SPEC_NOT_CANONICAL')
})

test('parameters with another digest than the task names are not trained on', async () => {
  const parameters = new Uint8Array(20)
  const standardisation = { mean: [0, 0, 0, 0], deviation: [1, 1, 1, 1] }
  let fetches = 0
  let submitted: ((value: unknown) => void) | undefined
  const done = new Promise((resolve) => {
    submitted = resolve
  })
  const rounds: Partial<RoundApi<ServerCall>> = {
    async *join(request, call): AsyncGenerator<Task> {
      expect(toHex(request.jobDigest)).toBe(toHex(jobDigest(canonicalSpec(loansSpec(parties)))))
      const place = { runId, round: 1, weightUnit: 500, remainingMs: 20_000 }
      yield { ...place, kind: 'train', modelDigest: sha256(parameters), standardisation }
      await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
    },
    async *fetchParameters() {
      fetches += 1
      yield fetches === 1 ? parameters.map(() => 1) : parameters
    },
    async submitUpdate(parts) {
      for await (const part of parts) if (part.kind === 'header') submitted?.(part)
      return { digest: new Uint8Array(32) }
    },
  }
  const { logged } = await startBank({ assignment: propose(loansSpec(parties), 'join'), rounds })
  expect(await logged('AGENT_MODEL_DIGEST')).toContain('trying again')
  expect(await done).toMatchObject({ kind: 'header', round: 1 })
  expect(fetches).toBe(2)
  expect(new AgentError('AGENT_MODEL_DIGEST', 'x').row.status).toBe('DATA_LOSS')
})

test('a task that cannot be done is declined; its code stays in the log of the party', async () => {
  const declined = inbox<{ code: string }>()
  const parameters = new Uint8Array(new Float32Array([1e30, -1e30, 1e30, -1e30, Number.MAX_VALUE / 1e300]).buffer)
  const rounds: Partial<RoundApi<ServerCall>> = {
    async *join(_, call): AsyncGenerator<Task> {
      const standardisation = { mean: [0, 0, 0, 0], deviation: [1, 1, 1, 1] }
      const place = { runId, round: 1, weightUnit: 1, remainingMs: 20_000 }
      yield { ...place, kind: 'train', modelDigest: sha256(parameters), standardisation }
      await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
    },
    async *fetchParameters() {
      yield parameters
    },
    async declineTask(request) {
      declined.put(request)
      return {}
    },
  }
  const spec = loansSpec(parties, { training: { epochs: 1, batch: 32, learningRate: 10, optimizer: 'sgd' } })
  const { logged } = await startBank({ assignment: propose(spec, 'join'), rounds })
  expect(await declined.first(() => true)).toMatchObject({ code: 'AGENT_FAILED' })
  expect(await logged('cannot do the task of round 1')).toMatch(/(TRAINER|UPDATE|LEARNING)_/)
})
