/** A party agent against servers that do not behave: it answers with codes, works on, and gives nothing away. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { agentErrors, AgentError, createStates, disk, startParty } from '../../../parties/index.ts'
import type { AggregatorProver } from '../../../src/aggregator/prover.ts'
import { toHex } from '../../../src/crypto/index.ts'
import { canonicalSpec, jobDigest, type JobSpec, type PartyPolicy } from '../../../src/job/index.ts'
import { encodedColumns, planModel } from '../../../src/learning/index.ts'
import {
  type Assignment,
  bind,
  createMemoryNetwork,
  type Identity,
  type Log,
  partyService,
  type RoundApi,
  roundService,
  type ServerCall,
} from '../../../src/rpc/index.ts'
import { createTestAttestation } from '../../support/attestation.ts'
import { openPolicy } from '../../support/federation.ts'
import { createAuthority } from '../../support/identities.ts'
import { loansSpec, writeLoans } from '../../support/loans.ts'
import { FakeAggregator } from './fake-aggregator.ts'
import { createInbox } from './inbox.ts'

vi.setConfig({ testTimeout: 30_000 })

const parties = ['bank-a', 'bank-b', 'bank-c']
const runId = 'ab'.repeat(16)
const files = writeLoans(['bank-a'], 300)
const closing: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

interface Script {
  readonly assignment: Assignment | readonly Assignment[]
  /** @param keys with which the aggregator attests itself */
  readonly rounds?: (keys: AggregatorProver, policyDigest: string) => Partial<RoundApi<ServerCall>>
  readonly datasets?: Readonly<Record<string, string>>
  readonly policy?: PartyPolicy
  readonly stateDirectory?: string
}

/** Starts bank-a with scripted servers; `decided` and `logged` resolve when the agent has answered or logged that. */
async function startBank(script: Script) {
  const { assignment, rounds, datasets = { loans: files['bank-a'] ?? '' }, policy = openPolicy } = script
  const network = createMemoryNetwork()
  const { issue, rootPem } = await createAuthority('test')
  const decisions = createInbox<{ accepted: boolean; reasons: readonly string[] }>()
  const lines = createInbox<string>()
  const note = (fields: object, message: string) => lines.put(`${message} ${JSON.stringify(fields)}`)
  const log: Log = { info: note, warn: note, error: note }
  const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const { signal } = new AbortController()
  const attestation = await createTestAttestation('test', rootPem)
  closing.push(attestation)
  const serve = async (identity: Identity, service: ReturnType<typeof bind>, prover?: AggregatorProver) => {
    const address = '127.0.0.1:0'
    const services = [service]
    const listening = await network.serve({
      address,
      identity,
      services,
      ...(prover && { prover }),
      signal,
      log: silent,
    })
    closing.push(listening)
    return listening.address
  }
  const stateDirectory = script.stateDirectory ?? mkdtempSync(join(tmpdir(), 'coffer-agent-'))
  const unexpected = () => {
    throw new Error('not expected in this test')
  }
  const coordinator = await serve(
    await issue('coordinator', 'main'),
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
        getCheckpoint: unexpected,
        proveInclusion: unexpected,
      },
      ['party'],
    ),
  )
  const server = await issue('aggregator', 'main')
  const prover = attestation.prover(server)
  const served = {
    join: unexpected,
    fetchParameters: unexpected,
    fetchReceipts: unexpected,
    submitUpdate: unexpected,
    declineTask: unexpected,
    ...rounds?.(prover, attestation.policy.digest),
  }
  const aggregator = await serve(server, bind(roundService, served, ['party']), prover)
  const identity = await issue('party', 'bank-a')
  const options = { federation: 'test', name: 'bank-a', coordinator, aggregator, identity, network, datasets, log }
  const appraiser = attestation.appraiser('bank-a')
  const own = { policy, appraiser, stateDirectory, backend: 'cpu', now: Date.now, version: '0' } as const
  closing.push(await startParty({ ...options, ...own }))
  return {
    decidedAll: decisions.count,
    decided: decisions.first(() => true),
    logged: (text: string) => lines.first((line) => line.includes(text)),
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

/** An aggregator at round 1 of the run, whose round 0 others played. */
function createAggregator(spec: JobSpec, keys: AggregatorProver, policyDigest: string) {
  const plan = planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
  const run = { runId, spec, plan, policyDigest, federation: 'test', runKey: new Uint8Array(32).fill(7) }
  const aggregator = new FakeAggregator({ ...run, jobDigest: jobDigest(canonicalSpec(spec)) }, [], undefined, keys)
  aggregator.close()
  return aggregator
}

test('parameters with another digest than the task names are not trained on', async () => {
  const spec = loansSpec(parties)
  let fetches = 0
  const received = createInbox<{ round: number; weight: number }>()
  const { logged } = await startBank({
    assignment: propose(spec, 'join'),
    rounds: (keys, policyDigest) => {
      const aggregator = createAggregator(spec, keys, policyDigest)
      aggregator.give()
      const { rounds } = aggregator
      void aggregator.received.first(() => true).then(received.put)
      return {
        ...rounds,
        async *fetchParameters(request, call) {
          fetches += 1
          if (fetches === 1) yield new Uint8Array(4 * aggregator.run.plan.size)
          else yield* rounds.fetchParameters(request, call)
        },
      }
    },
  })
  expect(await logged('AGENT_MODEL_DIGEST')).toContain('trying again')
  expect(await received.first(() => true)).toMatchObject({ round: 1 })
  expect(fetches).toBe(2)
  expect(new AgentError('AGENT_MODEL_DIGEST', 'x').row.status).toBe('DATA_LOSS')
})

test('a task that cannot be done is declined; its code stays in the log of the party', async () => {
  const training = { epochs: 1, batch: 32, learningRate: 10, optimizer: 'sgd' }
  const spec = loansSpec(parties, { training })
  const declined = createInbox<{ round: number; code: string }>()
  const { logged } = await startBank({
    assignment: propose(spec, 'join'),
    rounds: (keys, policyDigest) => {
      const aggregator = createAggregator(spec, keys, policyDigest)
      aggregator.trainedModel = (model) => model.map((_, i) => (i % 2 === 0 ? 1e30 : -1e30))
      aggregator.close()
      aggregator.give()
      void aggregator.declined.first(() => true).then(declined.put)
      return aggregator.rounds
    },
  })
  expect(await declined.first(() => true)).toEqual({ round: 2, code: 'AGENT_FAILED' })
  expect(await logged('cannot do the task of round 2')).toMatch(/(TRAINER|UPDATE|LEARNING)_/)
})

describe('a run that is joined', () => {
  test('is left for good: the agent does not join again, also when it was started anew', async () => {
    const spec = loansSpec(parties)
    const stateDirectory = mkdtempSync(join(tmpdir(), 'coffer-agent-'))
    const rounds: Script['rounds'] = (keys, policyDigest) => {
      const aggregator = createAggregator(spec, keys, policyDigest)
      aggregator.forge()
      aggregator.give()
      return aggregator.rounds
    }
    const first = await startBank({ assignment: propose(spec, 'join'), rounds, stateDirectory })
    expect(await first.logged('leaving the run for good')).toContain('RECEIPT_SIGNATURE')
    const second = await startBank({ assignment: propose(spec, 'join'), stateDirectory })
    expect(await second.logged('cannot take part in the run')).toContain('AGENT_LEFT')
  })

  test('is not joined with another number of rows than before', async () => {
    const spec = loansSpec(parties)
    const stateDirectory = mkdtempSync(join(tmpdir(), 'coffer-agent-'))
    const received = createInbox<unknown>()
    const rounds: Script['rounds'] = (keys, policyDigest) => {
      const aggregator = createAggregator(spec, keys, policyDigest)
      aggregator.give()
      void aggregator.received.first(() => true).then(received.put)
      return aggregator.rounds
    }
    await startBank({ assignment: propose(spec, 'join'), rounds, stateDirectory })
    await received.first(() => true)
    for (const each of closing.splice(0).reverse()) await each[Symbol.asyncDispose]()
    const datasets = { loans: writeLoans(['bank-a'], 200)['bank-a'] ?? '' }
    const second = await startBank({ assignment: propose(spec, 'join'), stateDirectory, datasets })
    expect(await second.logged('AGENT_ROWS_CHANGED')).toContain('cannot take part')
  })

  test('is over when the coordinator says so, and what is large of it goes', async () => {
    const spec = loansSpec(parties)
    const stateDirectory = mkdtempSync(join(tmpdir(), 'coffer-agent-'))
    await createStates(stateDirectory, disk).open({
      run: runId,
      jobDigest: toHex(jobDigest(canonicalSpec(spec))),
      rows: 100,
      party: 'bank-a',
    })
    const { logged } = await startBank({ assignment: propose(spec, 'ended'), stateDirectory })
    await logged('the run has ended')
    for (const each of closing.splice(0).reverse()) await each[Symbol.asyncDispose]()
    expect(JSON.parse(readFileSync(join(stateDirectory, runId, 'run.json'), 'utf8'))).toMatchObject({ ended: true })
  })
})
