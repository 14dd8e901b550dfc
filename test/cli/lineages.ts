/**
 * A run whose every signature is genuine: a simulated TEE that quotes the receipt keys, receipts of every round, the log
 * of a coordinator, and the model at the end. Tests change one thing of it.
 */
import { generateKeyPairSync } from 'node:crypto'
import { encodeStatement, keyReportData, parseQuote, type Statement } from '../../src/attestation/index.ts'
import { sha256, toHex } from '../../src/crypto/index.ts'
import {
  type AttestationPolicy,
  canonicalSpec,
  jobDigest,
  policyDigest,
  publicKeyPem,
  signedPolicyText,
  signPolicy,
} from '../../src/job/index.ts'
import { encodedColumns, initialParameters, planModel } from '../../src/learning/index.ts'
import { encodeLeaf, parseSignedReceipt, type Receipt } from '../../src/ledger/index.ts'
import type { Evidence, ModelVersion, RunEvent } from '../../src/round/index.ts'
import type { RunApi } from '../../src/rpc/index.ts'
import type { ClientCall } from '../../src/rpc/index.ts'
import { createSimulatedPlatform } from '../../src/tee/simulator/index.ts'
import { programOf } from '../attestation/issued.ts'
import { continued, createEpoch, opening, seal } from '../ledger/receipts.ts'
import { closed } from '../store/fixtures.ts'
import { createLedgerKey, createSignedLog } from '../support/ledger.ts'
import { loansSpec } from '../support/loans.ts'
import { createEvents, NOW, RUN_ID } from './support.ts'

export const FEDERATION = 'demo'
export const MODEL_ID = '7b21'.padEnd(32, '0')
const ROUNDS = 3

export const spec = loansSpec(['bank-a', 'bank-b'])
export const specJson = canonicalSpec(spec)
const inputs = encodedColumns(spec.data.features).length
export const plan = planModel(spec.model, spec.task, inputs)
// Income is the first input: a model that looks at nothing else ranks well.
export const weights = new Uint8Array(initialParameters(plan, 1).fill(0).fill(-1, 0, 1).buffer)
export const digest = sha256(weights)

const platform = createSimulatedPlatform({ seed: 'lineages', now: new Date(NOW), tee: 'tdx-v4' })
const founder = generateKeyPairSync('ed25519').privateKey
const policy: AttestationPolicy = {
  format: 'coffer-attestation-policy-v1',
  federation: FEDERATION,
  version: 1,
  purpose: 'simulation',
  organisations: { founder: publicKeyPem(founder) },
  threshold: 1,
  roots: [platform.rootPem],
  roles: {
    aggregator: {
      tcbStatuses: ['UpToDate'],
      advisories: [],
      minimumTcbEvaluation: 1,
      maximumCollateralAge: 40 * 86_400,
      programs: [programOf(parseQuote(platform.quote({ reportData: new Uint8Array(64) })).body)],
    },
  },
}
export const policyText = signedPolicyText(signPolicy({ policy, signatures: [] }, 'founder', founder))
export const collateralText = platform.collateralJson()
/** Signed as well, and of another digest. */
export const otherPolicyText = signedPolicyText(
  signPolicy({ policy: { ...policy, version: 2 }, signatures: [] }, 'founder', founder),
)

/** One start of the aggregator. */
export interface Start {
  readonly name: string
  /** What its statement says that it should not. */
  readonly statement?: (honest: Statement) => Statement
  readonly evidence?: (honest: Evidence) => Evidence
}

const startOf = ({ name, statement: changed = (each) => each, evidence = (each) => each }: Start) => {
  const keys = createEpoch(name)
  const statement = encodeStatement(
    changed({
      role: 'aggregator',
      serverKey: '0a'.repeat(32),
      attestationKey: '0b'.repeat(44),
      issuedAt: NOW - 120_000,
      expiresAt: NOW,
      context: {
        federation: FEDERATION,
        run: '',
        jobDigest: '',
        policyDigest: policyDigest(policy),
        policyVersion: 1,
        rootsDigest: '0c'.repeat(32),
        epoch: keys.epoch,
        receiptKey: keys.receiptKey,
        sealingKey: '0d'.repeat(44),
      },
    }),
  )
  const quote = platform.quote({ reportData: keyReportData(statement) })
  const honest: Evidence = { quote, eventLog: platform.eventLog ?? new Uint8Array(), statement }
  return { ...keys, evidence: evidence(honest) }
}

export interface Tampering {
  /** The aggregator restarts after each; the last one plays the rest. */
  readonly starts?: readonly Start[]
  readonly receipt?: (honest: Receipt) => Receipt
  readonly sealed?: (honest: readonly Uint8Array[]) => readonly Uint8Array[]
  readonly served?: Uint8Array
}

/** One receipt a round, as an honest aggregator chains them; then changed. */
function play({ starts = [{ name: 'first' }], receipt: changed = (each) => each, sealed = (all) => all }: Tampering) {
  const epochs = starts.map(startOf)
  const receipts: Uint8Array[] = []
  let before: Receipt | undefined
  for (let round = 0; round <= ROUNDS + 1; round++) {
    const epoch = epochs[Math.min(round, epochs.length - 1)]
    if (epoch === undefined) throw new Error('a run needs a start')
    const first = { ...opening, federation: FEDERATION, run: RUN_ID, policyDigest: policyDigest(policy) }
    const updates = ['bank-a', 'bank-b'].map((party) => ({ party, digest: '0e'.repeat(32), weight: 9, base: round }))
    const honest = before ?? { ...first, jobDigest: toHex(jobDigest(specJson)), updates }
    const modelAfter = round < ROUNDS ? toHex(sha256(Uint8Array.of(round))) : toHex(digest)
    const next = before === undefined ? honest : continued(before)
    before = changed({ ...next, updates, modelAfter, epoch: epoch.epoch })
    receipts.push(seal(before, epoch))
  }
  return { epochs, receipts: sealed(receipts) }
}

export const ledgerKey = createLedgerKey(FEDERATION)

/** What a coordinator serves of that run, and its log. */
export function createHistory(tampering: Tampering = {}) {
  const { epochs, receipts } = play(tampering)
  const bodies: RunEvent[] = createEvents([
    ...epochs.map(({ epoch, receiptKey, evidence }) => {
      return { kind: 'attested' as const, tee: 'simulated tdx-v4', epoch, receiptKey, evidence }
    }),
    ...receipts.map((receipt, round) => closed(round, { receipt })),
    { kind: 'state-changed', state: 'finished', reason: '' },
  ])
  const leaves = receipts.map((sealed) => encodeLeaf({ kind: 'receipt', ...parseSignedReceipt(sealed) }))
  const approvals = ['bank-a', 'bank-b'].map((party) => {
    const decided = { decision: 'accepted', signature: null } as const
    return encodeLeaf({
      kind: 'approval',
      federation: FEDERATION,
      run: RUN_ID,
      jobDigest: '0f'.repeat(32),
      party,
      ...decided,
    })
  })
  const log = createSignedLog(ledgerKey, [...approvals, ...leaves])
  const served = tampering.served ?? weights
  const api: Partial<RunApi<ClientCall>> = {
    getModel: async () => version,
    downloadModel: async function* () {
      yield served
    },
    watchRun: async function* () {
      yield* bodies
    },
    getCheckpoint: log.getCheckpoint,
    proveInclusion: log.proveInclusion,
    readLeaves: async function* ({ from, count }) {
      yield* [...approvals, ...leaves].slice(from, from + count)
    },
  }
  return { api, log, receipts, leaves: [...approvals, ...leaves] }
}

export const version: ModelVersion = {
  modelId: MODEL_ID,
  runId: RUN_ID,
  name: 'loans',
  jobDigest: jobDigest(specJson),
  digest,
  createdMs: NOW - 180_000,
  rounds: ROUNDS,
  parameters: plan.size,
  metrics: { auc: 0.74, ks: 0.38 },
  specJson,
  standardisation: { mean: Array(inputs).fill(0.5), deviation: Array(inputs).fill(0.2) },
  parties: ['bank-a', 'bank-b'],
  tee: 'simulated tdx-v4',
}
