/** A party's judgement, and that it is written down before anything else happens, whatever comes out. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAppraiser, createRecords, RecordError } from '../../../parties/index.ts'
import { AppraisalError, EvidenceError, SessionError } from '../../../src/attestation/index.ts'
import { JobError } from '../../../src/job/index.ts'
import { RpcError } from '../../../src/rpc/index.ts'
import { createDirectory } from '../../cli/support.ts'
import { createTestLog } from '../../support/log.ts'
import { ADDRESS, type Changes, type Connections, createConnections } from './connections.ts'

let connections: Connections
beforeAll(async () => {
  connections = await createConnections()
})
afterAll(() => connections[Symbol.asyncDispose]())

let count = 0
const connect = (changes?: Changes) => {
  count += 1
  return connections.connect(`connection-${count}`, changes)
}

test('an accepted connection has its record, with all that was judged', async () => {
  const { error, record, path } = await connect({ overlay: 'maximumCollateralAge: 172800\n' })
  expect(error).toBeUndefined()
  expect(record).toMatchObject({ outcome: 'accepted', address: ADDRESS, simulated: true, reasons: [] })
  expect(Object.values(record.objects)).not.toContain(null)
  expect(record.answer.eventLog).toBe('')
  expect(path).toMatch(/-accepted\.json$/)
})

test('an accepted connection tells the epoch and its receipt key; a refused one tells nothing', async () => {
  const { attested, prover } = await connect()
  const { epoch, receiptKey } = prover
  expect(attested.newest).toEqual({ epoch, receiptKey, policyDigest: connections.attestation.policy.digest })
  expect(attested.get(epoch)).toEqual(attested.newest)
  const refused = await connect({ overlay: 'maximumCollateralAge: 60\n' })
  expect(refused.error).toMatchObject({ code: 'APPRAISAL_COLLATERAL_AGE' })
  expect(refused.attested.newest).toBeUndefined()
  expect(refused.attested.get(refused.prover.epoch)).toBeUndefined()
})

type Family = typeof SessionError | typeof EvidenceError | typeof AppraisalError
const bytes = (length: number) => new Uint8Array(length).fill(9)
const refusals: [string, Changes, Family, string[]][] = [
  ['another nonce', { theirs: { nonce: bytes(32) } }, SessionError, ['SESSION_NONCE']],
  [
    'evidence of another connection and client',
    { theirs: { clientKey: bytes(32), exporter: bytes(32) } },
    SessionError,
    ['SESSION_CLIENT_KEY', 'SESSION_CONNECTION'],
  ],
  ['a forged proof', { answer: (each) => ({ ...each, signature: bytes(64) }) }, SessionError, ['SESSION_PROOF']],
  [
    'a policy of another version',
    { proverPolicy: { digest: 'ab'.repeat(32), version: 2 } },
    SessionError,
    ['SESSION_POLICY'],
  ],
  ['no quote', { answer: (each) => ({ ...each, quote: bytes(9) }) }, EvidenceError, ['EVIDENCE_QUOTE_TRUNCATED']],
  ['an event log of its own', { measurements: { rtmr0: bytes(48) } }, EvidenceError, ['EVIDENCE_EVENT_LOG_REPLAY']],
  ['stricter rules', { overlay: 'maximumCollateralAge: 60\n' }, AppraisalError, ['APPRAISAL_COLLATERAL_AGE']],
]

describe('a refusal', () => {
  test.each(refusals)('for %s has its class, its codes and its record', async (_what, changes, family, codes) => {
    const { error, record } = await connect(changes)
    expect(error).toBeInstanceOf(family)
    expect(error).toMatchObject({ code: codes[0] })
    expect(record.outcome).toBe('refused')
    expect(record.reasons.map(({ code }) => code)).toEqual(codes)
    expect(record.objects.eventLog).toBeNull()
  })

  test('before the quote is looked at asks nobody for collateral', async () => {
    let asked = 0
    const { collateral } = connections.attestation
    const counting: typeof collateral = {
      ...collateral,
      find: (quote, signal) => {
        asked += 1
        return collateral.find(quote, signal)
      },
    }
    const { record } = await connect({ collateral: counting, theirs: { nonce: bytes(32) } })
    expect(record.objects.collateral).toBeNull()
    expect(asked).toBe(0)
    await connect({ collateral: counting })
    expect(asked).toBe(1)
  })

  test('for want of collateral is recorded with the code of the source', async () => {
    const find = () => Promise.reject(new RpcError('PEER_UNREACHABLE', 'the service is away'))
    const { error, record } = await connect({ collateral: { ...connections.attestation.collateral, find } })
    expect(error).toBeInstanceOf(RpcError)
    expect(record).toMatchObject({ outcome: 'refused', reasons: [{ code: 'PEER_UNREACHABLE' }] })
    expect(record.objects.collateral).toBeNull()
  })
})

test('collateral that was refused is kept apart, where it is bounded', async () => {
  const { collateral } = connections.attestation
  const find: typeof collateral.find = async (quote, signal) => {
    const { collateral: read, json } = await collateral.find(quote, signal)
    const { tcbInfo } = read
    return { json, collateral: { ...read, tcbInfo: { ...tcbInfo, signature: bytes(64) } } }
  }
  const { directory, error, record } = await connections.connect('forged', { collateral: { ...collateral, find } })
  expect(error).toMatchObject({ code: 'EVIDENCE_TCB_INFO_SIGNATURE' })
  expect(await readdir(join(directory, 'refused-objects'))).toEqual([record.objects.collateral])
  expect(await readdir(join(directory, 'objects'))).toEqual([record.objects.policy])
})

test('what a refusal quotes is bounded, so that its record can be read', () => {
  const error = new EvidenceError('EVIDENCE_DER_INVALID', 'x'.repeat(6_000_000))
  expect(error.message.length).toBeLessThan(2_100)
  expect(error.reasons[0]?.text).toBe(error.message)
})

test('hostile event logs of refused answers leave no objects behind', async () => {
  const { directory } = await connections.connect('hostile')
  const before = await readdir(join(directory, 'objects'))
  for (let at = 0; at < 5; at += 1) {
    const eventLog = new Uint8Array(1_000).fill(at)
    await connections.connect('hostile', { answer: (each) => ({ ...each, eventLog }) })
  }
  expect(await readdir(join(directory, 'objects'))).toEqual(before)
})

test('many connections at once have a record each', async () => {
  const names = Array.from({ length: 12 }, () => connections.connect('storm'))
  const paths = (await Promise.all(names)).map(({ path }) => path)
  expect(new Set(paths).size).toBe(12)
})

test('an overlay that cannot be read is refused before any connection', async () => {
  await using home = await createDirectory()
  const { signed, collateral } = connections.attestation
  const options = {
    ...{ federation: 'test', rootsPem: '', policy: signed, collateral, records: createRecords(home.path) },
    ...{ overlay: { text: 'tcbStatus: []\n', file: 'overlay.yaml' }, now: Date.now, log: createTestLog().log },
  }
  expect(() => createAppraiser(options)).toThrow(JobError)
  expect(() => createAppraiser(options)).toThrow('overlay.yaml')
})

test('what cannot be written down is not used: RECORD_UNWRITABLE', async () => {
  const { directory } = await connections.connect('blocked')
  const { rm, writeFile } = await import('node:fs/promises')
  await rm(join(directory, 'records'), { recursive: true })
  await writeFile(join(directory, 'records'), 'a file in the way')
  const refused = connections.connect('blocked')
  await expect(refused).rejects.toThrow(RecordError)
  await expect(refused).rejects.toMatchObject({ code: 'RECORD_UNWRITABLE' })
})
