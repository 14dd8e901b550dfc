/** Which attestation policy a party holds to: the first one it meets, then only successors, signed by those before. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { acceptPolicy, RecordError } from '../../../parties/index.ts'
import {
  type AttestationPolicy,
  AttestationPolicyError,
  JobError,
  publicKeyPem,
  type SignedPolicy,
  signedPolicyText,
  signPolicy,
} from '../../../src/job/index.ts'
import { createSimulatedPlatform } from '../../../src/tee/simulator/index.ts'
import { createDirectory } from '../../cli/support.ts'

const FEDERATION = 'test'
const rootPem = createSimulatedPlatform({
  seed: 'accepted policies',
  now: new Date('2026-01-01T00:00:00Z'),
  tee: 'tdx-v4',
}).rootPem
const keys = { north: key(), south: key(), late: key() }

function key(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey
}

function policy(changes: Partial<AttestationPolicy> = {}): AttestationPolicy {
  return {
    format: 'coffer-attestation-policy-v1',
    federation: FEDERATION,
    version: 1,
    purpose: 'simulation',
    organisations: { north: publicKeyPem(keys.north), south: publicKeyPem(keys.south) },
    threshold: 2,
    roots: [rootPem],
    roles: {
      aggregator: {
        tcbStatuses: ['UpToDate'],
        advisories: [],
        minimumTcbEvaluation: 1,
        maximumCollateralAge: 86_400,
        programs: [
          {
            tee: 'sgx',
            mrEnclave: ['ab'.repeat(32)],
            mrSigner: 'any',
            isvProdId: 1,
            minimumIsvSvn: 1,
            configId: 'any',
          },
        ],
      },
    },
    ...changes,
  }
}

type Signer = keyof typeof keys

const signed = (by: readonly Signer[], changes?: Partial<AttestationPolicy>): SignedPolicy =>
  by.reduce((each, name) => signPolicy(each, name, keys[name]), {
    policy: policy(changes),
    signatures: [],
  } as SignedPolicy)

let home: AsyncDisposable & { readonly path: string }
beforeEach(async () => {
  home = await createDirectory()
})
afterEach(() => home[Symbol.asyncDispose]())

const acceptedFile = () => join(home.path, 'attestation', 'accepted-policy.json')
const told: string[] = []
const accepted = (news: string) => void told.push(news)
const offer = (text: string) =>
  acceptPolicy({
    text,
    file: 'attestation-policy.json',
    federation: FEDERATION,
    acceptedFile: acceptedFile(),
    accepted,
  })
const offered = (policy: SignedPolicy) => offer(signedPolicyText(policy))

const reasonsOf = async (work: Promise<unknown>): Promise<string[]> => {
  const error = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  if (!(error instanceof AttestationPolicyError)) throw new Error(`expected a refusal, found ${String(error)}`)
  return error.reasons.map(({ code }) => code)
}

const first = signed(['north', 'south'])

test('the first policy is trusted, kept for its owner only, and accepted again', async () => {
  expect((await offered(first)).policy.version).toBe(1)
  expect(await readFile(acceptedFile(), 'utf8')).toBe(signedPolicyText(first))
  expect((await stat(acceptedFile())).mode & 0o777).toBe(0o600)
  await offered(first)
  expect(told.splice(0)).toEqual(['first'])
})

test('who only looks accepts nothing for good', async () => {
  const text = signedPolicyText(first)
  await acceptPolicy({ text, file: 'file', federation: FEDERATION, acceptedFile: acceptedFile() })
  await expect(stat(acceptedFile())).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a first policy without enough signatures, or of another federation, is refused and not kept', async () => {
  expect(await reasonsOf(offered(signed(['north'])))).toEqual(['ATTESTATION_POLICY_UNSIGNED'])
  expect(await reasonsOf(offered(signed(['north', 'south'], { federation: 'other' })))).toEqual([
    'ATTESTATION_POLICY_FEDERATION',
  ])
  await expect(stat(acceptedFile())).rejects.toThrow()
  await expect(offer('{}')).rejects.toThrow(JobError)
})

describe('after the first', () => {
  beforeEach(() => offered(first))
  const kept = async () => JSON.parse(await readFile(acceptedFile(), 'utf8')).policy.version

  test('versions go up only', async () => {
    await offered(signed(['north', 'south'], { version: 3 }))
    expect(await kept()).toBe(3)
    expect(await reasonsOf(offered(signed(['north', 'south'], { version: 2 })))).toEqual(['ATTESTATION_POLICY_VERSION'])
    expect(await reasonsOf(offered(first))).toEqual(['ATTESTATION_POLICY_VERSION'])
    expect(await kept()).toBe(3)
  })

  test('the same version with another content is a fork, whoever signed it', async () => {
    const fork = signed(['north', 'south'], { threshold: 1 })
    expect(await reasonsOf(offered(fork))).toEqual(['ATTESTATION_POLICY_FORKED'])
    expect(await kept()).toBe(1)
  })

  test('a successor needs the organisations before it: a stranger cannot take over', async () => {
    const organisations = { late: publicKeyPem(keys.late) }
    const taken = signed(['late'], { version: 2, threshold: 1, organisations })
    expect(await reasonsOf(offered(taken))).toEqual(['ATTESTATION_POLICY_SUCCESSION'])
    expect(await kept()).toBe(1)
  })

  test('organisations rotate with the signatures of old and new', async () => {
    const organisations = { north: publicKeyPem(keys.north), late: publicKeyPem(keys.late) }
    const next = policy({ version: 2, organisations })
    const half = ['north', 'late'] as const
    const own = half.reduce<SignedPolicy>((each, name) => signPolicy(each, name, keys[name]), {
      policy: next,
      signatures: [],
    })
    expect(await reasonsOf(offered(own))).toEqual(['ATTESTATION_POLICY_SUCCESSION'])
    const whole = signPolicy(own, 'south', keys.south, first.policy)
    expect((await offered(whole)).policy.version).toBe(2)
    // From now on south has no say.
    const third = policy({ version: 3, organisations })
    const bySouth = signPolicy(
      signPolicy({ policy: third, signatures: [] }, 'north', keys.north),
      'south',
      keys.south,
      first.policy,
    )
    expect(await reasonsOf(offered(bySouth))).toEqual([
      ...['ATTESTATION_POLICY_STRANGER', 'ATTESTATION_POLICY_UNSIGNED', 'ATTESTATION_POLICY_SUCCESSION'],
    ])
    expect(await kept()).toBe(2)
    const byBoth = half.reduce((each, name) => signPolicy(each, name, keys[name]), {
      policy: third,
      signatures: [],
    } as SignedPolicy)
    expect((await offered(byBoth)).policy.version).toBe(3)
  })

  test('an organisation changes its key with the signatures of both', async () => {
    const organisations = { north: publicKeyPem(keys.north), south: publicKeyPem(keys.late) }
    const next = { policy: policy({ version: 2, organisations }), signatures: [] }
    const bySouth = signPolicy(signPolicy(next, 'south', keys.south, first.policy), 'south', keys.late, first.policy)
    const whole = signPolicy(bySouth, 'north', keys.north, first.policy)
    await offered(whole)
    // Read back as the accepted one, by itself.
    await offered(whole)
    expect(await kept()).toBe(2)
  })

  test.each([
    ['cut', (text: string) => text.slice(0, 100)],
    ['empty', () => ''],
    ['another document', () => '{}'],
    ['changed in one value', (text: string) => text.replace('"threshold": 2', '"threshold": 1')],
    ['without its signatures', (text: string) => text.replace(/"signatures": \[[^\]]*\]/, '"signatures": []')],
  ])('an accepted policy that is %s is told, and nothing is trusted anew', async (_what, damage) => {
    await writeFile(acceptedFile(), damage(await readFile(acceptedFile(), 'utf8')))
    const refused = offered(signed(['north', 'south'], { version: 2 }))
    await expect(refused).rejects.toThrow(RecordError)
    await expect(refused).rejects.toMatchObject({ code: 'RECORD_POLICY' })
  })

  test('a directory in its place is RECORD_POLICY too; no draft is left', async () => {
    expect((await offered(signed(['north', 'south'], { version: 2 }))).policy.version).toBe(2)
    expect(await readdir(dirname(acceptedFile()))).toEqual([basename(acceptedFile())])
    const other = join(home.path, 'directory')
    await mkdir(other)
    const text = signedPolicyText(first)
    const refused = acceptPolicy({ text, file: 'file', federation: FEDERATION, acceptedFile: other, accepted })
    await expect(refused).rejects.toMatchObject({ code: 'RECORD_POLICY' })
  })
})

test('a policy that cannot be written down is not accepted', async (context) => {
  await writeFile(join(home.path, 'attestation'), 'a file in the way')
  const blocked = join(home.path, 'attestation', 'accepted-policy.json')
  await expect(
    acceptPolicy({
      text: signedPolicyText(first),
      file: 'file',
      federation: FEDERATION,
      acceptedFile: blocked,
      accepted,
    }),
  ).rejects.toThrow(RecordError)
  if (process.getuid?.() === 0) context.skip('root may write anywhere')
  await chmod(home.path, 0o500)
  await expect(
    acceptPolicy({
      text: signedPolicyText(first),
      file: 'file',
      federation: FEDERATION,
      acceptedFile: join(home.path, 'x', 'y'),
      accepted,
    }),
  ).rejects.toMatchObject({ code: 'RECORD_UNWRITABLE' })
  await chmod(home.path, 0o700)
})
