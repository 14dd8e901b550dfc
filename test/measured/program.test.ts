/** The measured program in one process: what it needs to start, what it refuses, and what it puts into RTMR3. */
import { createHash } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MeasuredError } from '../../src/measured/index.ts'
import { readBounded } from '../../src/measured/files.ts'
import { readHome } from '../../src/measured/home.ts'
import { createJsonLog } from '../../src/measured/log.ts'
import { rtmr3After } from '../../src/tee/index.ts'
import { aggregationService, createMemoryNetwork, type Network } from '../../src/rpc/index.ts'
import { policyDigest } from '../../src/job/index.ts'
import { policy, signedBy, simulatedRootPem, unsigned } from '../job/attestation-policies.ts'
import { constant, createFakeDevices } from '../support/fake-devices.ts'
import { configOf, createHome, FEDERATION, type HomeChanges, productionPolicy, type TestHome } from './homes.ts'
import { createTd, PROGRAM, refusal, startWorld } from './world.ts'

const digest = new Uint8Array(createHash('sha384').update(PROGRAM).digest())

async function home(changes: HomeChanges = {}): Promise<TestHome> {
  const made = await createHome(changes)
  onTestFinished(() => made[Symbol.asyncDispose]())
  return made
}

describe('a start', () => {
  test('measures, verifies the policy, serves, and drains at a signal', async () => {
    const { path, authority, signed } = await home()
    const td = createTd()
    const run = await startWorld(path, td.devices)
    const ready = await run.ready
    expect(ready).toMatchObject({
      ready: true,
      federation: FEDERATION,
      tee: 'TDX by configfs-tsm',
      program: { bytes: PROGRAM.length, sha384: Buffer.from(digest).toString('hex') },
      policy: { digest: policyDigest(signed.policy), version: 1 },
    })
    const identity = await authority.issue('coordinator', 'coordinator')
    const connection = run.network.connect({ address: ready?.address ?? '', identity, role: 'aggregator' })
    const call = { signal: AbortSignal.timeout(5_000), deadlineMs: 5_000 }
    expect(await connection.client(aggregationService).getAggregationStatus({}, call)).toMatchObject({ activeRuns: 0 })
    await connection[Symbol.asyncDispose]()
    run.signal()
    expect(await run.ended).toBe(0)
  })

  test('extends RTMR3 with the digest of its file, once for each boot', async () => {
    const { path } = await home()
    const td = createTd()
    for (const said of ['RTMR3 was extended', 'RTMR3 was extended by an earlier start of this program']) {
      const run = await startWorld(path, td.devices)
      await run.ready
      expect(td.rtmr3()).toBe(Buffer.from(rtmr3After(digest)).toString('hex'))
      expect(run.log().map(({ message }) => message)).toContain(said)
      run.signal()
      await run.ended
    }
  })

  const elsewhere = {
    'that the kernel does not show': [createTd({ register: false }), 'TEE_RTMR_ABSENT'],
    'that holds something else': [createTd({ before: new Uint8Array(48).fill(7) }), 'TEE_RTMR_FOREIGN'],
  } as const
  test.each(Object.entries(elsewhere))('goes on with an RTMR3 %s, and says so', async (_name, [td, code]) => {
    const { path } = await home()
    const run = await startWorld(path, td.devices)
    expect(await run.ready).toBeDefined()
    const warnings = run.log().filter((entry) => entry['log.level'] === 'warn')
    expect(warnings.map((each) => each.code)).toEqual([code, undefined])
    expect(warnings.at(1)?.message).toContain('RTMR3 does not name this program')
    run.signal()
    expect(await run.ended).toBe(0)
  })

  test('a second signal ends it at once, whatever is under way', async () => {
    const { path } = await home()
    const memory = createMemoryNetwork()
    const never = new Promise<void>(() => undefined)
    const network: Network = {
      ...memory,
      serve: async (options) => ({ ...(await memory.serve(options)), drain: () => never }),
    }
    const run = await startWorld(path, createTd().devices, { network })
    await run.ready
    run.signal()
    run.signal()
    expect(await run.ended).toBe(130)
  })
})

describe('a start is refused', () => {
  const cases: Record<string, readonly [changes: HomeChanges, code: string, exit: number, says: string]> = {
    'with a policy for simulation': [
      { signed: productionPolicy({ purpose: 'simulation', roots: [simulatedRootPem] }) },
      'MEASURED_POLICY_SIMULATED',
      1,
      'purpose simulation, expected production',
    ],
    'with a policy that too few signed': [
      { signed: signedBy({ ...policy, federation: FEDERATION }, 'alpha') },
      'ATTESTATION_POLICY_UNSIGNED',
      1,
      'signed by 1 of its 3 organisations',
    ],
    'with a policy that nobody signed': [{ signed: unsigned(policy) }, 'ATTESTATION_POLICY_UNSIGNED', 1, 'signed by 0'],
    'with the policy of another federation': [
      { signed: productionPolicy({ federation: 'south' }) },
      'ATTESTATION_POLICY_FEDERATION',
      1,
      'south',
    ],
    'with a simulated TEE': [{ config: configOf({ tee: 'simulated' }) }, 'CONFIG_INVALID', 2, 'tee'],
    'with attestation turned off by an unknown key': [
      { config: `${configOf()}attestation: none\n` },
      'CONFIG_INVALID',
      2,
      'attestation',
    ],
    'in the home of a party': [{ config: configOf({ role: 'party' }) }, 'CONFIG_INVALID', 2, 'role'],
    'with a key that others can read': [{ keyMode: 0o644 }, 'MEASURED_KEY_EXPOSED', 1, 'mode 0644'],
    'under another name than its certificate': [
      { config: configOf({ name: 'second' }) },
      'MEASURED_IDENTITY',
      1,
      'the certificate is of aggregator aggregator',
    ],
  }
  test.each(Object.entries(cases))('%s', async (_name, [changes, code, exit, says]) => {
    const { path } = await home(changes)
    const found = await refusal(await startWorld(path, createTd().devices))
    expect(found).toMatchObject({ code, exit })
    expect(found.message).toContain(says)
  })

  test('without a TEE: there is nothing to fall back to', async () => {
    const { path } = await home({ config: configOf({ tee: 'auto' }) })
    expect(await refusal(await startWorld(path, createFakeDevices()))).toMatchObject({ code: 'TEE_NOT_FOUND', exit: 1 })
  })

  test('with an event log that cannot be read: no party would be shown it', async () => {
    const { path } = await home()
    const td = createTd()
    td.devices.nodes.set('/sys/firmware/acpi/tables/CCEL', constant(new Uint8Array(56)))
    expect(await refusal(await startWorld(path, td.devices))).toMatchObject({ code: 'TEE_EVENT_LOG_UNUSABLE', exit: 1 })
  })

  test.each([
    [[], '--home DIR is missing'],
    [['--home'], 'argument'],
    [['--home', 'x', '--allow-plain'], 'allow-plain'],
    [['serve'], 'serve'],
  ])('with the arguments %j', async (argv, says) => {
    const { path } = await home()
    const found = await refusal(await startWorld(path, createTd().devices, { argv }))
    expect(found).toMatchObject({ code: 'MEASURED_ARGUMENT', exit: 2 })
    expect(found.message).toContain(says)
  })

  test.each(['coffer.yaml', 'certificate.pem', 'key.pem', 'roots.pem', 'attestation-policy.json'])(
    'without %s',
    async (file) => {
      const { path } = await home()
      await rm(join(path, file))
      const found = await refusal(await startWorld(path, createTd().devices))
      expect(found).toMatchObject({ code: 'MEASURED_FILE_UNREADABLE', exit: 2 })
      expect(found.message).toContain(file)
    },
  )
})

describe('a file of the home', () => {
  test('is bounded before it is read', async () => {
    const { path } = await home()
    await writeFile(join(path, 'roots.pem'), Buffer.alloc(1024 * 1024 + 1, 'a'))
    const error = await readHome(path).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(MeasuredError)
    expect(error).toMatchObject({
      code: 'MEASURED_FILE_UNREADABLE',
      message: expect.stringContaining('at most 1048576'),
    })
  })

  test('is text, and a file', async () => {
    const { path } = await home()
    await expect(readBounded(path, 'home', 10)).rejects.toMatchObject({ code: 'MEASURED_FILE_UNREADABLE' })
    await writeFile(join(path, 'roots.pem'), Buffer.from([0xff, 0xfe]))
    await expect(readHome(path)).rejects.toMatchObject({ code: 'MEASURED_FILE_UNREADABLE' })
    await writeFile(join(path, 'certificate.pem'), 'no certificate')
    await writeFile(join(path, 'roots.pem'), 'no certificate')
    await expect(readHome(path)).rejects.toMatchObject({ code: 'MEASURED_IDENTITY' })
  })

  test('never shows the key', async () => {
    const { path } = await home()
    expect(JSON.stringify(await readHome(path))).not.toContain('PRIVATE KEY')
  })
})

test('the log is one object a line, whatever a peer sent', () => {
  const lines: string[] = []
  const log = createJsonLog(
    (line) => lines.push(line),
    () => 0,
  )
  log.warn({ message: 'forged', '@timestamp': 'forged', peer: 'a\nb', count: 3n, error: new TypeError('no') }, 'said')
  expect(lines).toHaveLength(1)
  expect(lines[0]?.match(/\n/g)).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    '@timestamp': '1970-01-01T00:00:00.000Z',
    'log.level': 'warn',
    'service.name': 'coffer-aggregator',
    message: 'said',
    peer: 'a\nb',
    count: '3',
    error: { type: 'TypeError', message: 'no' },
  })
})
