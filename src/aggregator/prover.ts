/**
 * The aggregator's proof of itself. A quote takes 10 to 100 ms of the TEE and more, so it covers an attestation key that
 * lives four minutes, and the key signs each session: a thousand parties that connect at once cost one quote.
 *
 * The keys are made here and never leave this program's memory. A restart is a new epoch with new keys. The receipt key
 * signs the receipts of the epoch; any evidence of the epoch names it, so one quote that is kept with them shows for
 * ever where they come from. The sealing key is named from the start, too; until data keys are wrapped, nobody uses its
 * private half, and it is not kept. The clock is the host's: it can make a key look older or newer, but a key of an
 * earlier time signs nothing, because it is gone.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import {
  contextHash,
  encodeStatement,
  keyReportData,
  MAXIMUM_KEY_LIFETIME_MS,
  rootsDigest,
  type SessionContext,
  sessionTranscript,
} from '../attestation/index.ts'
import { sha256, toHex } from '../crypto/index.ts'
import type { Evidence } from '../round/index.ts'
import { type Identity, keyDigest, type Log, type Prover } from '../rpc/index.ts'
import type { Attester } from '../tee/index.ts'
import { CONNECT_MS } from '../timeouts/index.ts'

export interface ProverOptions {
  readonly federation: string
  readonly identity: Identity
  readonly attester: Attester
  /** The attestation policy that this aggregator was started with: SHA-256 in hex, and its version. */
  readonly policy: { readonly digest: string; readonly version: number }
  readonly now: () => number
  readonly log: Log
}

/** While more than this is left a key is used as it is; below, it is used and the next one is made beside it. */
const RENEW_MS = 60_000
/** With less than this left a party might get it too late. */
const LEAST_MS = 10_000
/** For one quote, whatever the TEE does; the party that waits for it waits a little longer. */
const QUOTE_DEADLINE_MS = 0.8 * CONNECT_MS

const ROLE = 'aggregator'

export interface AggregatorProver extends Prover {
  /** This start of the aggregator: 16 bytes, hex. */
  readonly epoch: string
  /** SubjectPublicKeyInfo (DER), hex. */
  readonly receiptKey: string
  /** By the receipt key: Ed25519, 64 bytes. */
  sign(message: Uint8Array): Uint8Array
  /** A current one, in which epoch and receipt key are named. Throws what the TEE says. */
  evidence(): Promise<Evidence>
}

interface AttestedKey extends Evidence {
  readonly key: KeyObject
  readonly issuedAt: number
  readonly expiresAt: number
}

export function createProver(options: ProverOptions): AggregatorProver {
  const { now, log } = options
  const receipts = generateKeyPairSync('ed25519')
  const context = createContext(options, receipts.publicKey)
  const hash = contextHash(context)
  let current: AttestedKey | undefined
  let renewing: Promise<AttestedKey> | undefined

  const renew = (): Promise<AttestedKey> => {
    renewing ??= createAttestedKey(options, context)
      .then((made) => {
        current = made
        return made
      })
      .finally(() => {
        renewing = undefined
      })
    return renewing
  }
  const usable = async (): Promise<AttestedKey> => {
    // A clock that was set back makes a key of the future, which no party would take.
    const left = current !== undefined && now() >= current.issuedAt ? current.expiresAt - now() : 0
    if (current === undefined || left < LEAST_MS) return renew()
    if (left < RENEW_MS) renew().catch((error) => log.warn({ error }, 'the next quote could not be made'))
    return current
  }
  return {
    epoch: context.epoch,
    receiptKey: context.receiptKey,
    sign: (message) => new Uint8Array(sign(null, message, receipts.privateKey)),
    async evidence() {
      const { quote, eventLog, statement } = await usable()
      return { quote, eventLog, statement }
    },
    async prove(session) {
      const { key, quote, eventLog, statement } = await usable()
      return {
        quote,
        eventLog,
        statement,
        nonce: session.nonce,
        clientKey: session.clientKey,
        exporterDigest: sha256(session.exporter),
        signature: new Uint8Array(sign(null, sessionTranscript(ROLE, session, hash), key)),
      }
    },
  }
}

function createContext({ federation, policy, identity }: ProverOptions, receiptKey: KeyObject): SessionContext {
  return {
    federation,
    // A connection serves every run of its party; each Join names its run and job digest on the attested connection.
    run: '',
    jobDigest: '',
    policyDigest: policy.digest,
    policyVersion: policy.version,
    rootsDigest: rootsDigest(identity.rootsPem),
    epoch: toHex(randomBytes(16)),
    receiptKey: spki(receiptKey),
    sealingKey: spki(generateKeyPairSync('x25519').publicKey),
  }
}

async function createAttestedKey(options: ProverOptions, context: SessionContext): Promise<AttestedKey> {
  const { attester, identity, now, log } = options
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const issuedAt = Math.floor(now() / 1000) * 1000
  const expiresAt = issuedAt + MAXIMUM_KEY_LIFETIME_MS
  const statement = encodeStatement({
    role: ROLE,
    serverKey: toHex(keyDigest(new X509Certificate(identity.certificatePem))),
    attestationKey: spki(publicKey),
    issuedAt,
    expiresAt,
    context,
  })
  const signal = AbortSignal.timeout(QUOTE_DEADLINE_MS)
  const quote = await attester.quote(keyReportData(statement), signal)
  const eventLog = (await attester.eventLog?.(signal)) ?? new Uint8Array()
  log.info({ tee: attester.name, epoch: context.epoch }, 'a new attestation key was quoted')
  return { key: privateKey, quote, eventLog, statement, issuedAt, expiresAt }
}

const spki = (key: KeyObject): string => toHex(new Uint8Array(key.export({ type: 'spki', format: 'der' })))
