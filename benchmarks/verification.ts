/**
 * What does a party pay for verifying evidence, over what nobody can save: the ECDSA verifications?
 * Quotes are those of the simulated TEE, in the real formats. The bare ones are `node:crypto` on the same bytes with key
 * objects that are ready, so what a key costs counts against the verifier. What is compared is measured in turn.
 *
 * Ten signatures make evidence: quote, report of the quoting enclave, four certificates (PCK, its CA, TCB signer, root),
 * two revocation lists, TCB info, QE identity. The first verification with a collateral computes all of them. Later ones
 * have found nine of them right before, over the same bytes, and must compute that of the quote, which is always another.
 */
import { createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto'
import { QuoteVerifier } from '@phala/dcap-qvl'
import {
  type Collateral,
  MAXIMUM_QUOTE_BYTES,
  parseCollateral,
  parseQuote,
  type Quote,
  type Trust,
  verifyEvidence,
} from '../src/attestation/index.ts'
import { createSimulatedPlatform, type SimulatedPlatform } from '../src/tee/simulator/index.ts'
import { inTurn } from './in-turn.ts'
import type { Question, Row } from './question.ts'

const tees = ['sgx-v3', 'tdx-v4'] as const
const now = new Date('2026-11-21T12:00:00Z')
/** Enough of each that a busy machine disturbs the median of all in the same way. */
const ROUNDS = { quick: 1500, full: 5000 }

export const verification: Question = {
  name: 'verification',
  asks:
    'Time to verify evidence, against the bare ECDSA P-256 verifications it cannot do without (keys ready) and against ' +
    '@phala/dcap-qvl, which checks less and keeps nothing. With collateral that was verified before that is one, of the ' +
    'quote; anew it is ten: quote, QE report, four certificates, two revocation lists, TCB info, QE identity.',
  async *measure({ quick }) {
    const rounds = quick ? ROUNDS.quick : ROUNDS.full
    for (const tee of tees) {
      const platform = createSimulatedPlatform({ seed: 'benchmark', now, tee })
      yield* measureKnown(platform, rounds)
      yield* measureAnew(platform, rounds / 10)
      if (tee === 'tdx-v4') yield* measureHostile(platform, rounds / 10)
    }
  },
}

const rowOf = (name: string, ms: number, against: string, peerMs: number): Row => {
  return { question: 'verification', case: name, value: ms, unit: 'ms', ratio: ms / peerMs, against }
}

/** Another quote each time: nobody shows the same twice. */
function* measureKnown(platform: SimulatedPlatform, rounds: number): Generator<Row> {
  const quotes = Array.from({ length: 64 }, (_, i) => platform.quote({ reportData: new Uint8Array(64).fill(i) }))
  const trust = trustIn(platform, parseCollateral(platform.collateralJson()))
  const signatures = quotes.map((quote) => signatureOf(parseQuote(quote)))
  const ours = (i: number) => verifyEvidence({ quote: at(quotes, i) }, trust)
  const alone = inTurn(rounds, { ours, bare: (i) => verifyBare([at(signatures, i)]) })
  const beside = inTurn(rounds / 10, { ours, peer: peerOf(platform, quotes) })
  const name = `${platform.tee}, collateral verified before`
  yield rowOf(name, alone('ours'), 'its 1 ECDSA verification', alone('bare'))
  yield rowOf(name, beside('ours'), '@phala/dcap-qvl', beside('peer'))
}

function* measureAnew(platform: SimulatedPlatform, rounds: number): Generator<Row> {
  const { tee } = platform
  const quote = platform.quote({ reportData: new Uint8Array(64) })
  const json = platform.collateralJson()
  const texts = [json, platform.collateral.tcb_info, platform.collateral.qe_identity]
  const collaterals = Array.from({ length: 2 * rounds }, () => parseCollateral(json))
  const signatures = allSignatures(parseQuote(quote), parseCollateral(json))
  const verifying = inTurn(rounds, {
    ours: (i) => verifyEvidence({ quote }, trustIn(platform, at(collaterals, i))),
    bare: () => verifyBare(signatures),
    withKeys: () => verifyBare(withNewKeys(signatures)),
  })
  const name = `${tee}, collateral never verified`
  yield rowOf(name, verifying('ours'), `its ${signatures.length} ECDSA verifications`, verifying('bare'))
  yield rowOf(name, verifying('ours'), 'the same and making the 5 keys', verifying('withKeys'))
  const parsing = inTurn(rounds, {
    ours: () => parseCollateral(json),
    bare: () => texts.map((text) => JSON.parse(text)),
  })
  yield rowOf(`${tee}, parsing collateral`, parsing('ours'), 'JSON.parse alone', parsing('bare'))
  const whole = inTurn(rounds, {
    ours: () => verifyEvidence({ quote }, trustIn(platform, parseCollateral(json))),
    peer: peerOf(platform, [quote]),
  })
  yield rowOf(`${tee}, parsing and verifying anew`, whole('ours'), '@phala/dcap-qvl', whole('peer'))
}

/** Refusing the largest evidence there is must not cost much more than accepting good evidence. */
function* measureHostile(platform: SimulatedPlatform, rounds: number): Generator<Row> {
  const trust = trustIn(platform, parseCollateral(platform.collateralJson()))
  const quote = platform.quote({ reportData: new Uint8Array(64) })
  const zeros = largestChain(quote, platform)
  const bitOff = quote.map((byte, i) => (i === platform.sections.signature ? byte ^ 1 : byte))
  const times = inTurn(rounds, {
    good: () => verifyEvidence({ quote }, trust),
    zeros: () => refused(() => verifyEvidence({ quote: zeros }, trust)),
    forged: () => refused(() => verifyEvidence({ quote: bitOff }, trust)),
  })
  yield rowOf('refusing 64 KiB, almost all zeros', times('zeros'), 'accepting good evidence', times('good'))
  yield rowOf('refusing a forged signature', times('forged'), 'accepting good evidence', times('good'))
}

function trustIn({ rootPem }: SimulatedPlatform, collateral: Collateral): Trust {
  return { roots: rootPem, collateral, binding: 'unbound', now }
}

function peerOf(platform: SimulatedPlatform, quotes: readonly Uint8Array[]): (i: number) => unknown {
  const verifier = QuoteVerifier.newWithRootCa(new X509Certificate(platform.rootPem).raw)
  const buffers = quotes.map((quote) => Buffer.from(quote))
  return (i) => verifier.verify(at(buffers, i), platform.collateral, now.getTime() / 1000)
}

interface Signature {
  readonly point: Uint8Array
  readonly key: KeyObject
  readonly data: Uint8Array
  readonly bytes: Uint8Array
  readonly dsaEncoding: 'der' | 'ieee-p1363'
}

function signature(point: Uint8Array, data: Uint8Array, bytes: Uint8Array, dsaEncoding: Signature['dsaEncoding']) {
  return { point, key: keyOf(point), data, bytes, dsaEncoding }
}

const signatureOf = ({ attestationKey, signed, signature: bytes }: Quote): Signature =>
  signature(attestationKey, signed, bytes, 'ieee-p1363')

function allSignatures(quote: Quote, { pckCrl, rootCrl, tcbInfo, qeIdentity }: Collateral): Signature[] {
  const { quotingEnclave, chain } = quote
  const [pck, authority, root] = chain
  const [signer] = tcbInfo.chain
  return [
    signatureOf(quote),
    signature(pck.key, quotingEnclave.signed, quotingEnclave.signature, 'ieee-p1363'),
    signature(authority.key, pck.signed, pck.signature, 'der'),
    signature(authority.key, pckCrl.signed, pckCrl.signature, 'der'),
    ...[authority, root, signer, rootCrl].map((each) => signature(root.key, each.signed, each.signature, 'der')),
    ...[tcbInfo, qeIdentity].map((each) => signature(signer.key, each.signed, each.signature, 'ieee-p1363')),
  ]
}

function verifyBare(signatures: readonly Signature[]): void {
  for (const { key, dsaEncoding, data, bytes } of signatures) {
    if (!verify('sha256', data, { key, dsaEncoding }, bytes)) throw new Error('a signature of the simulator is wrong')
  }
}

/** Each point once, as a verifier would. */
function withNewKeys(signatures: readonly Signature[]): Signature[] {
  const keys = new Map<string, KeyObject>()
  return signatures.map((each) => {
    const id = Buffer.from(each.point).toString('hex')
    const key = keys.get(id) ?? keyOf(each.point)
    keys.set(id, key)
    return { ...each, key }
  })
}

function keyOf(point: Uint8Array): KeyObject {
  const coordinate = (from: number) => Buffer.from(point.subarray(from, from + 32)).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', x: coordinate(0), y: coordinate(32) }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

/** All lengths are right; where the chain should be there are zeros and one character. */
function largestChain(quote: Uint8Array, { sections }: SimulatedPlatform): Uint8Array {
  const bytes = new Uint8Array(MAXIMUM_QUOTE_BYTES)
  bytes.set(quote.subarray(0, sections.chain))
  bytes[bytes.length - 1] = 0x78
  const view = new DataView(bytes.buffer)
  for (const field of [sections.authLength, sections.wrapper + 2, sections.chainHeader + 2]) {
    view.setUint32(field, bytes.length - field - 4, true)
  }
  return bytes
}

function refused(action: () => unknown): void {
  try {
    action()
  } catch {
    return
  }
  throw new Error('hostile evidence was accepted')
}

function at<T>(list: readonly T[], i: number): T {
  const item = list[i % list.length]
  if (item === undefined) throw new Error('the list is empty')
  return item
}
