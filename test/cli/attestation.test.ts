/** Homes that attest: an aggregator under its policy, a party that checks it, and what both refuse to start with. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { main } from '../../src/cli/index.ts'
import { createMemoryNetwork, type Network } from '../../src/rpc/index.ts'
import { coffer, createDirectory, createTestIo, jsonLine } from './support.ts'

let cwd = ''
let dispose: () => PromiseLike<void> = async () => undefined
beforeAll(async () => {
  const directory = await createDirectory()
  cwd = directory.path
  dispose = () => directory[Symbol.asyncDispose]()
  await writeFile(join(cwd, 'loans.csv'), 'id,y\n1,0\n')
  await run('init federation demo --simulated')
  await run('init party bank-a --federation .coffer --data loans=loans.csv')
})
afterAll(() => dispose())

const run = (words: string, network?: Network) => coffer(words, { cwd, now: Date.now, ...(network && { network }) })

async function startAggregator(network: Network) {
  const io = createTestIo({ cwd, network, now: Date.now })
  const done = main(['aggregator'], io)
  await io.until('listens on')
  return {
    io,
    async [Symbol.asyncDispose]() {
      io.signal('SIGTERM')
      await done
    },
  }
}

const party = '--home .coffer/parties/bank-a'

describe('attest check', () => {
  test('accepts the aggregator of this clone, says SIMULATED, and leaves a record that can be explained', async () => {
    const network = createMemoryNetwork()
    await using aggregator = await startAggregator(network)
    expect(aggregator.io.err()).toContain('SIMULATED')
    const { code, out } = await run(`attest check ${party}`, network)
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('SIMULATED') })
    expect(out).toContain("ACCEPTED: the aggregator at 127.0.0.1:7401 is what the federation's policy expects")
    const json = await run(`attest check ${party} --json`, network)
    expect(jsonLine(json.out)).toMatchObject({ ok: true, simulated: true, reasons: [], status: 'UpToDate', tee: 'tdx' })
    const [, record = ''] = /coffer attest explain (\S+)/.exec(out) ?? []
    expect(JSON.parse(await readFile(join(cwd, record), 'utf8'))).toMatchObject({ outcome: 'accepted' })
  })

  test('refuses an aggregator under another seed, with what to do, and exit code 1', async () => {
    const network = createMemoryNetwork()
    const seed = join(cwd, '.coffer/aggregator/simulator.seed')
    const kept = await readFile(seed, 'utf8')
    await writeFile(seed, 'another machine')
    await using _aggregator = await startAggregator(network)
    const { code, out } = await run(`attest check ${party}`, network)
    await writeFile(seed, kept)
    expect(code).toBe(1)
    expect(out).toMatch(/REFUSED: the aggregator at .* is not used\n {2}EVIDENCE_[A-Z_]+: /)
    expect(out).toMatch(/\n {2}-> .+\n/)
  })

  test('an aggregator that is not there is not a verdict', async () => {
    expect(await run(`attest check ${party} --json`, createMemoryNetwork())).toMatchObject({
      code: 3,
      out: expect.stringContaining('PEER_UNREACHABLE'),
    })
  })

  test('a party’s stricter rules refuse what the federation accepts', async () => {
    const network = createMemoryNetwork()
    await using _aggregator = await startAggregator(network)
    const file = join(cwd, '.coffer/parties/bank-a/coffer.yaml')
    const yaml = await readFile(file, 'utf8')
    await writeFile(join(cwd, '.coffer/parties/bank-a/overlay.yaml'), 'minimumTcbEvaluation: 99999\n')
    await writeFile(file, yaml.replace('attestation:\n', 'attestation:\n  overlay: overlay.yaml\n'))
    const { code, out } = await run(`attest check ${party} --json`, network)
    await writeFile(file, yaml)
    expect({ code, out: jsonLine(out) }).toMatchObject({
      code: 1,
      out: { ok: false, reasons: ['APPRAISAL_TCB_EVALUATION'] },
    })
  })
})

describe('refused at the start', () => {
  test.each([
    ['aggregator', '.coffer/aggregator'],
    ['party', '.coffer/parties/bank-a'],
  ])('%s without an attestation policy', async (verb, home) => {
    const file = join(cwd, home, 'attestation-policy.json')
    const kept = await readFile(file, 'utf8')
    await rm(file)
    const refused = await run(`${verb} --home ${home} --json`, createMemoryNetwork())
    await writeFile(file, kept)
    expect(refused.code).not.toBe(0)
    expect(jsonLine(refused.out)).toMatchObject({ error: { code: 'CLI_ATTESTATION_POLICY' } })
  })

  test('a policy that somebody changed', async () => {
    const file = join(cwd, '.coffer/aggregator/attestation-policy.json')
    const kept = await readFile(file, 'utf8')
    await writeFile(file, kept.replace('"minimumTcbEvaluation": 1', '"minimumTcbEvaluation": 0'))
    const refused = await run('aggregator --json', createMemoryNetwork())
    await writeFile(file, kept)
    expect(jsonLine(refused.out)).toMatchObject({ error: { code: 'ATTESTATION_POLICY_SIGNATURE' } })
  })

  test('a simulated TEE under a policy for production', async () => {
    const { generateKeyPairSync } = await import('node:crypto')
    const { intelSgxRootPem } = await import('../../src/attestation/index.ts')
    const { parseSignedPolicy, publicKeyPem, signedPolicyText, signPolicy } = await import('../../src/job/index.ts')
    const file = join(cwd, '.coffer/aggregator/attestation-policy.json')
    const kept = await readFile(file, 'utf8')
    const key = generateKeyPairSync('ed25519').privateKey
    const { policy } = parseSignedPolicy(kept, file)
    const organisations = { founder: publicKeyPem(key) }
    const production = { ...policy, purpose: 'production' as const, roots: [intelSgxRootPem.trim()], organisations }
    await writeFile(file, signedPolicyText(signPolicy({ policy: production, signatures: [] }, 'founder', key)))
    const refused = await run('aggregator --json', createMemoryNetwork())
    await writeFile(file, kept)
    expect(jsonLine(refused.out)).toMatchObject({ error: { code: 'CLI_SIMULATION_REFUSED' } })
  })

  test('an aggregator in no TEE, where none is simulated', async () => {
    const file = join(cwd, '.coffer/aggregator/coffer.yaml')
    const kept = await readFile(file, 'utf8')
    await writeFile(file, kept.replace('tee: simulated', 'tee: auto'))
    const refused = await run('aggregator --json', createMemoryNetwork())
    await writeFile(file, kept)
    expect(jsonLine(refused.out)).toMatchObject({ error: { code: 'TEE_NOT_FOUND' } })
  })
})
