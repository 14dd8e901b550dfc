/**
 * A party and an aggregator that meet without a network: the session is made up, the prover, the appraiser and the
 * records are the real ones. Each connection leaves a record in the directory of its name.
 */
import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AggregatorProver } from '../../../src/aggregator/prover.ts'
import {
  type Attested,
  createAppraiser,
  createRecords,
  parseRecord,
  type VerificationRecord,
} from '../../../parties/index.ts'
import type { Session, SessionAnswer } from '../../../src/attestation/index.ts'
import type { SignedPolicy } from '../../../src/job/index.ts'
import type { Attester } from '../../../src/tee/index.ts'
import { createSimulatedAttester, type QuoteRequest } from '../../../src/tee/simulator/index.ts'
import { createTestAttestation, type TestAttestation } from '../../support/attestation.ts'
import { createAuthority } from '../../support/identities.ts'
import { createTestLog } from '../../support/log.ts'

type Options = Parameters<typeof createAppraiser>[0]

export interface Connected {
  /** Holds records/ and objects/. */
  readonly directory: string
  readonly path: string
  readonly record: VerificationRecord
  readonly error: unknown
  /** Whom the appraiser accepted by then, and who was connected to. */
  readonly attested: Attested
  readonly prover: AggregatorProver
}

export interface Changes {
  /** What the aggregator measures otherwise than the policy lists. */
  readonly measurements?: QuoteRequest['body']
  readonly attester?: Attester
  /** The session that the aggregator believes to be in, where it is another one: a relay. */
  readonly theirs?: Partial<Session>
  readonly answer?: (answer: SessionAnswer) => SessionAnswer
  readonly proverPolicy?: TestAttestation['policy']
  readonly signed?: SignedPolicy
  readonly overlay?: string
  readonly now?: () => number
  readonly collateral?: Options['collateral']
}

export interface Connections extends AsyncDisposable {
  readonly attestation: TestAttestation
  readonly connect: (name: string, changes?: Changes) => Promise<Connected>
}

const FEDERATION = 'test'
export const ADDRESS = '127.0.0.1:7401'

export async function createConnections(): Promise<Connections> {
  const authority = await createAuthority(FEDERATION)
  const [aggregator, bank] = [await authority.issue('aggregator', 'main'), await authority.issue('party', 'bank-a')]
  const attestation = await createTestAttestation(FEDERATION, bank.rootsPem)
  const base = await mkdtemp(join(tmpdir(), 'coffer-connections-'))
  const keys = { serverKey: keyDigest(aggregator.certificatePem), clientKey: keyDigest(bank.certificatePem) }
  const plain = (measurements: Changes['measurements']) => createSimulatedAttester(attestation.platform, measurements)
  /** With the event log of its platform, where it has one. */
  const logged = (attester: Attester): Attester => {
    const { eventLog } = attestation.platform
    return eventLog === undefined ? attester : { ...attester, eventLog: async () => eventLog }
  }
  return {
    attestation,
    async connect(name, changes = {}) {
      const directory = join(base, name)
      const session = { nonce: random(), exporter: random(), ...keys }
      const attester = changes.attester ?? logged(plain(changes.measurements))
      const policy = changes.proverPolicy ?? attestation.policy
      const prover = attestation.prover(aggregator, { attester, policy })
      const answer = await prover.prove({ ...session, ...changes.theirs })
      const written: string[] = []
      const records = createRecords(directory)
      const appraiser = createAppraiser({
        federation: FEDERATION,
        rootsPem: bank.rootsPem,
        policy: changes.signed ?? attestation.signed,
        ...(changes.overlay !== undefined && { overlay: { text: changes.overlay, file: 'overlay.yaml' } }),
        collateral: changes.collateral ?? attestation.collateral,
        records: {
          keep: (bytes) => records.keep(bytes),
          keepRefused: (bytes) => records.keepRefused(bytes),
          async write(record) {
            const path = await records.write(record)
            written.push(path)
            return path
          },
        },
        now: changes.now ?? Date.now,
        log: createTestLog().log,
      })
      const signal = AbortSignal.timeout(20_000)
      const error = await appraiser.appraise(changes.answer?.(answer) ?? answer, session, ADDRESS, signal).then(
        () => undefined,
        (caught: unknown) => caught,
      )
      const [path] = written
      if (path === undefined) throw error
      const { attested } = appraiser
      return { directory, path, error, attested, prover, record: parseRecord(await readFile(path), path) }
    },
    async [Symbol.asyncDispose]() {
      await rm(base, { recursive: true, force: true })
      await attestation[Symbol.asyncDispose]()
    },
  }
}

const random = (): Uint8Array => new Uint8Array(randomBytes(32))

/** SHA-256 of the SubjectPublicKeyInfo. */
function keyDigest(certificatePem: string): Uint8Array {
  const key = new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' })
  return new Uint8Array(createHash('sha256').update(key).digest())
}
