import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { appendFile, chmod, cp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Check } from '../../src/cli/doctor/check.ts'
import { checkNode, judgeDisk } from '../../src/cli/doctor/machine-checks.ts'
import { judgeStatus } from '../../src/cli/doctor/network-checks.ts'
import { createProver } from '../../src/aggregator/prover.ts'
import { openSimulation } from '../../src/cli/attest/simulation.ts'
import { Secret } from '../../src/crypto/index.ts'
import { parseSignedPolicy, policyDigest } from '../../src/job/index.ts'
import { keyDigest } from '../../src/rpc/attested/preamble.ts'
import { RpcError } from '../../src/rpc/index.ts'
import { createTestLog } from '../support/log.ts'
import { coffer, createDirectory, createFakeNetwork, jsonLine, NOW } from './support.ts'

let cwd = ''
beforeEach(async () => {
  const directory = await createDirectory()
  cwd = directory.path
  onTestFinished(() => directory[Symbol.asyncDispose]())
  await writeFile(join(cwd, 'a.csv'), 'id,label\n1,0\n')
  await coffer('init federation demo --simulated', { cwd })
  await coffer('init party bank-a --federation .coffer --data loans=a.csv', { cwd })
})

/** What a federation with a simulated TEE is told, however sound it is. */
const SIMULATED = 'warn party bank-a, attests the aggregator'
const SIMULATED_TEE = 'warn aggregator, evidence'

/** A network on which the aggregator of the home attests itself. */
async function attestedNetwork(reach?: (address: string) => void, api: Parameters<typeof createFakeNetwork>[0] = {}) {
  const home = (...parts: string[]) => readFile(join(cwd, '.coffer/aggregator', ...parts), 'utf8')
  const { policy } = parseSignedPolicy(await home('attestation-policy.json'), 'policy')
  const [certificatePem, rootsPem] = [await home('certificate.pem'), await home('roots.pem')]
  const prover = createProver({
    federation: 'demo',
    identity: { certificatePem, rootsPem, keyPem: new Secret('') },
    attester: await openSimulation((await home('simulator.seed')).trim(), NOW),
    policy: { digest: policyDigest(policy), version: policy.version },
    now: () => NOW,
    log: createTestLog().log,
  })
  return createFakeNetwork(api, reach, { prover, serverKey: keyDigest(new X509Certificate(certificatePem)) })
}

async function doctor(options: { home?: string; now?: number; network?: ReturnType<typeof createFakeNetwork> } = {}) {
  const { code, out } = await coffer(`doctor --json --home ${options.home ?? '.coffer'}`, {
    cwd,
    network: options.network ?? (await attestedNetwork()),
    now: () => options.now ?? NOW,
  })
  const { healthy, checks }: { healthy: boolean; checks: Check[] } = Object(jsonLine(out))
  const notOk = checks
    .filter(({ verdict, name }) => verdict !== 'ok' && name !== 'disk')
    .map(({ verdict, name }) => `${verdict} ${name}`)
  return { code, healthy, checks, notOk }
}

test('a sound federation home: every home in it is looked at, and the coordinator is asked', async () => {
  const { code, healthy, checks, notOk } = await doctor()
  expect(notOk).toEqual([SIMULATED_TEE, SIMULATED])
  expect(checks.find(({ name }) => SIMULATED === `warn ${name}`)?.found).toContain('SIMULATED')
  expect([code, healthy]).toEqual([0, true])
  const names = checks.map(({ name }) => name)
  for (const name of [
    'node',
    'disk',
    'training',
    'aggregator',
    'aggregator, state',
    'user admin',
    'coordinator, store',
    'coordinator, clock',
  ]) {
    expect(names).toContain(name)
  }
  for (const name of [
    'party bank-a, key',
    'party bank-a, certificate',
    'party bank-a, policy',
    'party bank-a, data loans',
  ]) {
    expect(names).toContain(name)
  }
})

test('for people: a mark, what was found, what to do', async () => {
  await chmod(join(cwd, '.coffer/parties/bank-a/key.pem'), 0o644)
  const { code, out } = await coffer('doctor', { cwd, network: createFakeNetwork({}) })
  expect(code).toBe(1)
  expect(out).toMatch(
    /fail {2}party bank-a, key: other users can read or change .*key\.pem\n {6}-> chmod 600 .*key\.pem\n/,
  )
  expect(out).toMatch(/1 to mend\n$/)
})

describe('what is wrong in a home', () => {
  const party = (...parts: string[]) => join(cwd, '.coffer/parties/bank-a', ...parts)

  test.each<[string, () => Promise<unknown>, string]>([
    ['a key for the group', () => chmod(party('key.pem'), 0o640), 'warn party bank-a, key'],
    ['no key', () => rm(party('key.pem')), 'fail party bank-a, key'],
    [
      'a certificate of somebody else',
      () => cp(join(cwd, '.coffer/aggregator/certificate.pem'), party('certificate.pem')),
      'fail party bank-a, certificate',
    ],
    ['no roots', () => rm(party('roots.pem')), 'fail party bank-a, certificate'],
    [
      'an unknown key in the policy',
      () => appendFile(party('policy.yaml'), 'maximumRonds: 3\n'),
      'fail party bank-a, policy',
    ],
    [
      'a dataset the policy does not know',
      () => writeFile(party('policy.yaml'), 'models: [mlp]\ndatasets: {}\nmaximumRounds: 1\nmaximumEpochs: 1\n'),
      'warn party bank-a, policy',
    ],
    ['no data', () => rm(join(cwd, 'a.csv')), 'fail party bank-a, data loans'],
    ['empty data', () => writeFile(join(cwd, 'a.csv'), ''), 'fail party bank-a, data loans'],
    ['an unknown key in coffer.yaml', () => appendFile(party('coffer.yaml'), 'colour: red\n'), 'fail home'],
  ])('%s', async (_name, spoil, expected) => {
    await spoil()
    const { code, notOk } = await doctor()
    expect(notOk).toContain(expected)
    expect(code).toBe(expected.startsWith('fail') ? 1 : 0)
  })

  test('a state directory that is a file, or cannot be made', async () => {
    const home = join(cwd, '.coffer/aggregator')
    const said = async () => (await doctor()).checks.find(({ name }) => name === 'aggregator, state')
    expect(await said()).toEqual({
      ...{ verdict: 'ok', name: 'aggregator, state' },
      found: `${join(home, 'state')} will be made`,
    })
    await writeFile(join(home, 'state'), '')
    expect(await said()).toMatchObject({ verdict: 'fail', found: expect.stringContaining('state') })
    await rm(join(home, 'state'))
    const yaml = await readFile(join(home, 'coffer.yaml'), 'utf8')
    await writeFile(join(home, 'coffer.yaml'), yaml.replace('state: state', 'state: /dev/null/state'))
    expect(await said()).toMatchObject({ verdict: 'fail', next: expect.stringContaining('`state` in coffer.yaml') })
  })

  test('certificates near their end, and past it', async () => {
    const day = 86_400_000
    expect((await doctor({ now: NOW + 340 * day })).notOk).toContain('warn party bank-a, certificate')
    const late = await doctor({ now: NOW + 366 * day })
    expect(late.notOk).toContain('fail party bank-a, certificate')
    expect(late.code).toBe(1)
  })

  test('an aggregator without a TEE, and one without a policy', async () => {
    const home = join(cwd, '.coffer/aggregator')
    const evidence = async (network?: ReturnType<typeof createFakeNetwork>) =>
      (await doctor({ home: '.coffer/aggregator', ...(network && { network }) })).checks.find(
        ({ name }) => name === 'aggregator, evidence',
      )
    const yaml = await readFile(join(home, 'coffer.yaml'), 'utf8')
    await writeFile(join(home, 'coffer.yaml'), yaml.replace('tee: simulated', 'tee: auto'))
    const network = await attestedNetwork()
    expect(await evidence()).toMatchObject({ verdict: 'fail', found: expect.stringContaining('no attester') })
    await rm(join(home, 'attestation-policy.json'))
    expect(await evidence(network)).toMatchObject({
      verdict: 'fail',
      next: expect.stringContaining('coffer policy new'),
    })
  })

  test('no home at all', async () => {
    expect(await doctor({ home: 'nowhere' })).toMatchObject({ code: 1, notOk: ['fail home'] })
  })
})

describe('what a program must reach, by its own certificate', () => {
  const unreachable = (which: string) =>
    attestedNetwork((address) => {
      if (address.endsWith(which)) throw new RpcError('PEER_UNREACHABLE', `nothing listens at ${address}`)
    })

  test.each([
    ['.coffer/parties/bank-a', ':7400', 'fail party bank-a, reaches the coordinator'],
    ['.coffer/parties/bank-a', ':7401', 'fail party bank-a, attests the aggregator'],
    ['.coffer/coordinator', ':7401', 'fail coordinator, reaches the aggregator'],
  ])('%s without %s', async (home, port, expected) => {
    const { code, notOk } = await doctor({ home, network: await unreachable(port) })
    expect({ code, notOk: notOk.filter((each) => each !== SIMULATED) }).toEqual({ code: 1, notOk: [expected] })
    const { notOk: left, ...reached } = await doctor({ home })
    expect(reached).toMatchObject({ code: 0 })
    expect(left.filter((each) => each !== SIMULATED)).toEqual([])
  })

  test('its own port: its own program, free, or somebody else', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = Object(other.address())
    const yaml = join(cwd, '.coffer/aggregator/coffer.yaml')
    await writeFile(yaml, (await readFile(yaml, 'utf8')).replace(':7401', `:${port}`))
    const said = async (network = createFakeNetwork({})) =>
      (await doctor({ home: '.coffer/aggregator', network })).checks.find(({ name }) => name === 'aggregator, port')
    expect(await said()).toMatchObject({ verdict: 'ok', found: `this aggregator listens on 127.0.0.1:${port}` })
    expect(await said(await unreachable(''))).toMatchObject({
      verdict: 'fail',
      found: expect.stringContaining('EADDRINUSE'),
    })
    other.close()
    await once(other, 'close')
    expect(await said(await unreachable(''))).toMatchObject({
      verdict: 'ok',
      found: expect.stringContaining('is free'),
    })
  })

  test('of a dataset it says rows and columns, and that no job was looked at', async () => {
    const { checks } = await doctor({ home: '.coffer/parties/bank-a' })
    expect(checks.find(({ name }) => name === 'party bank-a, data loans')?.found).toMatch(
      /a\.csv: 1 rows, columns id, label; not compared with any job$/,
    )
  })
})

describe('what the network says', () => {
  test('a coordinator that nobody reaches is one failed check, not an error', async () => {
    const getStatus = async () => {
      throw new RpcError('PEER_UNREACHABLE', 'nothing answers at 127.0.0.1:7400')
    }
    const network = await attestedNetwork(undefined, { getStatus })
    expect(await doctor({ network })).toMatchObject({
      code: 1,
      notOk: [SIMULATED_TEE, SIMULATED, 'fail coordinator, connection'],
    })
  })

  const status = {
    version: '1',
    federation: 'demo',
    connectedParties: [],
    aggregatorReachable: false,
    aggregatorDetail: 'nothing answers',
    store: 'sqlite:c.db',
    timeMs: NOW,
  }
  test('no aggregator, no parties, clocks apart', () => {
    const verdicts = judgeStatus(status, 'a:1', NOW + 9000).map(({ verdict, name }) => `${verdict} ${name}`)
    expect(verdicts).toEqual([
      'ok coordinator, connection',
      'warn coordinator, clock',
      'fail aggregator, connection',
      'warn parties',
    ])
    expect(judgeStatus(status, 'a:1', NOW + 9000)[1]?.found).toBe('9 s behind this machine')
    expect(judgeStatus(status, 'a:1', NOW - 1000)[1]).toMatchObject({
      verdict: 'ok',
      found: '1 s ahead of this machine',
    })
  })
})

test('the machine: Node versions and disk', () => {
  expect(
    ['v18.1.0', 'v20.18.9', 'v20.19.0', 'v24.1.0', 'v26.0.0'].map((version) => checkNode(version).verdict),
  ).toEqual(['fail', 'fail', 'ok', 'ok', 'warn'])
  expect([1e6, 1e9, 1e12].map((free) => judgeDisk(free, '/').verdict)).toEqual(['fail', 'warn', 'ok'])
})
