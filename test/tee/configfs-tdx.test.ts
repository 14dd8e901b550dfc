/** Quotes by configfs-tsm from a fake that has the kernel's rules and traps: each fault, then many at random. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseQuote } from '../../src/attestation/index.ts'
import { toHex } from '../../src/crypto/index.ts'
import { createTdxAttester } from '../../src/tee/configfs/tdx.ts'
import { type Attester, TeeError } from '../../src/tee/index.ts'
import { createFakeTsm, type FakeTsm, type Fault, type Operation } from '../support/fake-tsm.ts'
import { platformOf, reportData } from './evidence.ts'
import { codeOf } from './provoked.ts'

const never = new AbortController().signal
const other = new Uint8Array(64).fill(0xee)
const quoteOver = (data: Uint8Array, padding = 0): Uint8Array =>
  platformOf('tdx-v4').quote({ reportData: data, padding })

function machine(): { tsm: FakeTsm; attester: Attester; pauses: number[] } {
  const tsm = createFakeTsm({ provider: 'tdx_guest', report: (data) => quoteOver(data) })
  const pauses: number[] = []
  const attester = createTdxAttester(tsm.devices, { pause: async (ms) => void pauses.push(ms) })
  return { tsm, attester, pauses }
}

describe('a quote', () => {
  test('is over what was asked, and its entry is gone', async () => {
    const { tsm, attester } = machine()
    const quote = await attester.quote(reportData, never)
    expect(parseQuote(quote).body.reportData).toBe(toHex(reportData))
    expect(tsm.entries.size).toBe(0)
    expect(attester.name).toBe('TDX by configfs-tsm')
  })

  test.each(['tdx-v4', 'tdx-v5'] as const)('of %s comes as the kernel gave it, padding and all', async (tee) => {
    const padded = platformOf(tee).quote({ reportData, padding: 3000 })
    const tsm = createFakeTsm({ provider: 'tdx_guest', report: () => padded })
    expect(await createTdxAttester(tsm.devices).quote(reportData, never)).toEqual(new Uint8Array(padded))
  })

  test('has an entry of its own, with a name that nobody can guess', async () => {
    const { tsm, attester } = machine()
    await Promise.all([attester.quote(reportData, never), attester.quote(other, never)])
    expect(new Set(tsm.names).size).toBe(2)
    for (const name of tsm.names) expect(name).toMatch(/^\/sys\/kernel\/config\/tsm\/report\/coffer-[0-9a-f]{32}$/)
  })

  test('is made alone: two at once take turns, also of two attesters', async () => {
    const { tsm, attester } = machine()
    const second = createTdxAttester(tsm.devices)
    const quotes = await Promise.all([attester.quote(reportData, never), second.quote(other, never)])
    expect(quotes.map((quote) => parseQuote(quote).body.reportData)).toEqual([toHex(reportData), toHex(other)])
    expect(tsm.mostAtOnce()).toBe(1)
  })

  test('is over the bytes as they were when it was asked for', async () => {
    const { attester } = machine()
    const data = Uint8Array.from(reportData)
    const asked = attester.quote(data, never)
    data.fill(0)
    expect(parseQuote(await asked).body.reportData).toBe(toHex(reportData))
  })

  test('needs 64 bytes', async () => {
    const { tsm, attester } = machine()
    expect(await codeOf(attester.quote(new Uint8Array(63), never))).toBe('TEE_REPORT_DATA_LENGTH')
    expect(tsm.names).toEqual([])
  })
})

const onceWrong: readonly (readonly [name: string, operation: Operation, fault: Fault])[] = [
  ['another writer before our write', 'inblob', { otherWrites: other, when: 'before' }],
  ['another writer after our write', 'inblob', { otherWrites: other, when: 'after' }],
  ['another writer after our read', 'outblob', { otherWrites: other, when: 'after' }],
  ['another writer of the same data', 'outblob', { otherWrites: reportData, when: 'before' }],
  ['an entry removed before the write', 'inblob', 'removed'],
  ['an entry removed before the read', 'outblob', 'removed'],
  ['an entry removed before the check', 'generation', 'removed'],
  ['an interrupted mkdir', 'mkdir', { error: 'EINTR' }],
  ['an interrupted read', 'outblob', { error: 'EINTR' }],
  ['a quote in flight', 'outblob', { error: 'EBUSY' }],
  ['a stale quote', 'outblob', { staleOver: other }],
]

describe('what passes is tried again with a fresh entry', () => {
  test.each(onceWrong)('%s', async (_name, operation, fault) => {
    const { tsm, attester } = machine()
    tsm.plan(operation, fault)
    const quote = await attester.quote(reportData, never)
    expect(parseQuote(quote).body.reportData).toBe(toHex(reportData))
    expect(tsm.entries.size).toBe(0)
    expect(tsm.calls('mkdir')).toBe(2)
  })
})

const stays = (fault: Fault): Fault[] => Array.from({ length: 64 }, () => fault)

describe('what stays is refused', () => {
  const cases: readonly (readonly [string, Operation, Fault, code: string, tries: number])[] = [
    ['a rival who keeps writing', 'outblob', { otherWrites: other, when: 'before' }, 'TEE_QUOTE_RACE', 4],
    ['a rival who repeats our data', 'outblob', { otherWrites: reportData, when: 'before' }, 'TEE_QUOTE_RACE', 4],
    ['a rival who removes entries', 'outblob', 'removed', 'TEE_QUOTE_RACE', 4],
    ['a driver that repeats an old quote', 'outblob', { staleOver: other }, 'TEE_QUOTE_STALE', 4],
    ['signals without end', 'outblob', { error: 'EINTR' }, 'TEE_INTERRUPTED', 4],
    ['a quote of others in flight', 'outblob', { error: 'EBUSY' }, 'TEE_BUSY', 21],
    ['a write that was lost', 'inblob', { error: 'EBUSY' }, 'TEE_DEVICE_FAILED', 1],
    ['a host that does not answer', 'outblob', { error: 'ETIMEDOUT' }, 'TEE_QUOTE_TIMEOUT', 1],
    ['a host that fails', 'outblob', { error: 'EIO' }, 'TEE_DEVICE_FAILED', 1],
    ['a quote larger than the buffer', 'outblob', { error: 'EFBIG' }, 'TEE_DEVICE_FAILED', 1],
    ['no memory', 'outblob', { error: 'ENOMEM' }, 'TEE_DEVICE_FAILED', 1],
    ['a driver unloaded meanwhile', 'outblob', { error: 'ENXIO' }, 'TEE_NO_PROVIDER', 1],
    ['the same, on older kernels', 'outblob', { error: 'ENOTTY' }, 'TEE_NO_PROVIDER', 1],
    ['no right to make an entry', 'mkdir', { error: 'EACCES' }, 'TEE_PERMISSION', 1],
    ['an empty quote, called success', 'outblob', { cut: 0 }, 'TEE_QUOTE_SHORT', 1],
    ['half a header, called success', 'outblob', { cut: 24 }, 'TEE_QUOTE_SHORT', 1],
    ['one byte less than any quote', 'outblob', { cut: 1019 }, 'TEE_QUOTE_SHORT', 1],
    ['a quote cut later', 'outblob', { cut: 4000 }, 'TEE_QUOTE_UNUSABLE', 1],
    ['bytes of nothing', 'outblob', { replaceBy: new Uint8Array(5000) }, 'TEE_QUOTE_UNUSABLE', 1],
    ['more than can be a quote', 'outblob', { replaceBy: new Uint8Array(65_537) }, 'TEE_DEVICE_FAILED', 1],
    ['a counter that makes no sense', 'generation', { replaceBy: Buffer.from('1 1\n') }, 'TEE_QUOTE_RACE', 4],
    ['no counter', 'generation', { replaceBy: new Uint8Array(0) }, 'TEE_QUOTE_RACE', 4],
    ['a name of another provider', 'provider', { replaceBy: Buffer.from('arm_cca_guest\n') }, 'TEE_OTHER_PROVIDER', 1],
    ['a provider of endless text', 'provider', { replaceBy: Buffer.alloc(65, 'x') }, 'TEE_DEVICE_FAILED', 1],
    ['a name taken', 'mkdir', { error: 'EEXIST' }, 'TEE_DEVICE_FAILED', 1],
    ['no directory to make entries in', 'mkdir', { error: 'ENOENT' }, 'TEE_NOT_FOUND', 1],
  ]
  test.each(cases)('%s', async (_name, operation, fault, code, tries) => {
    const { tsm, attester, pauses } = machine()
    tsm.plan(operation, ...stays(fault))
    expect(await codeOf(attester.quote(reportData, never))).toBe(code)
    expect(tsm.calls('mkdir')).toBe(tries)
    expect(pauses).toHaveLength(tries - 1)
    expect(tsm.entries.size).toBe(0)
  })

  test('a quote of an SGX enclave from a TDX driver', async () => {
    const tsm = createFakeTsm({
      provider: 'tdx_guest',
      report: (data) => platformOf('sgx-v3').quote({ reportData: data }),
    })
    expect(await codeOf(createTdxAttester(tsm.devices).quote(reportData, never))).toBe('TEE_QUOTE_UNUSABLE')
  })

  test('no driver at all', async () => {
    const tsm = createFakeTsm({ provider: undefined, report: quoteOver })
    expect(await codeOf(createTdxAttester(tsm.devices).quote(reportData, never))).toBe('TEE_NO_PROVIDER')
  })

  test('pauses grow, and end at two seconds', async () => {
    const { tsm, attester, pauses } = machine()
    tsm.plan('outblob', ...stays({ error: 'EBUSY' }))
    expect(await codeOf(attester.quote(reportData, never))).toBe('TEE_BUSY')
    expect(pauses.slice(0, 8)).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000])
  })
})

describe('the entry', () => {
  test('is removed at the third try', async () => {
    const { tsm, attester } = machine()
    tsm.plan('rmdir', { error: 'EINTR' }, { error: 'EBUSY' })
    await attester.quote(reportData, never)
    expect(tsm.entries.size).toBe(0)
  })

  test('that cannot be removed is named, and so is what went wrong before', async () => {
    const { tsm, attester } = machine()
    tsm.plan('outblob', { error: 'EIO' })
    tsm.plan('rmdir', ...stays({ error: 'EPERM' }))
    const error = await attester.quote(reportData, never).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(TeeError)
    expect(error).toMatchObject({ code: 'TEE_ENTRY_LEFT', cause: { code: 'TEE_DEVICE_FAILED' } })
    expect(String(error)).toContain(tsm.names[0])
  })

  test('that somebody else removed needs no removal', async () => {
    const { tsm, attester } = machine()
    tsm.plan('rmdir', 'removed')
    await attester.quote(reportData, never)
    expect(tsm.entries.size).toBe(0)
  })

  test('has files that cannot be removed one by one: the fake is as strict as configfs', async () => {
    const { tsm } = machine()
    await tsm.devices.mkdir('/sys/kernel/config/tsm/report/x')
    await expect(tsm.devices.rmdir('/sys/kernel/config/tsm/report/x/inblob')).rejects.toThrow('EPERM')
  })

  test('gives EINVAL for 63 bytes: the fake is as strict as the driver', async () => {
    const { tsm } = machine()
    await tsm.devices.mkdir('/sys/kernel/config/tsm/report/x')
    await tsm.devices.write('/sys/kernel/config/tsm/report/x/inblob', new Uint8Array(63))
    await expect(tsm.devices.read('/sys/kernel/config/tsm/report/x/outblob', 9999)).rejects.toThrow('EINVAL')
  })
})

interface Gate {
  readonly opened: Promise<void>
  open(): void
}

function createGate(): Gate {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

describe('waiting', () => {
  test('ends at the deadline, and the entry goes when the kernel returns', async () => {
    const tsm = createFakeTsm({ provider: 'tdx_guest', report: quoteOver })
    const attester = createTdxAttester(tsm.devices, { deadlineMs: 1 })
    const kernel = createGate()
    tsm.plan('outblob', { until: kernel.opened })
    expect(await codeOf(attester.quote(reportData, never))).toBe('TEE_QUOTE_TIMEOUT')
    expect(tsm.entries.size).toBe(1)
    kernel.open()
    await machine().attester.quote(reportData, never)
    expect(tsm.entries.size).toBe(0)
  })

  test('ends when the caller gives up, with its reason, whether its turn has come or not', async () => {
    const { tsm, attester } = machine()
    const kernel = createGate()
    tsm.plan('outblob', { until: kernel.opened })
    const [first, second] = [new AbortController(), new AbortController()]
    const outcomes = [attester.quote(reportData, first.signal), attester.quote(reportData, second.signal)]
    second.abort(new Error('not needed any more'))
    await expect(outcomes[1]).rejects.toThrow('not needed any more')
    first.abort(new Error('the program ends'))
    await expect(outcomes[0]).rejects.toThrow('the program ends')
    kernel.open()
    await attester.quote(reportData, never)
    expect(tsm.calls('mkdir')).toBe(2)
    expect(tsm.entries.size).toBe(0)
  })

  test('does not begin for a caller who has given up', async () => {
    const { tsm, attester } = machine()
    await expect(attester.quote(reportData, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
    expect(tsm.names).toEqual([])
  })

  test('between tries ends with the caller too', async () => {
    const tsm = createFakeTsm({ provider: 'tdx_guest', report: quoteOver })
    const controller = new AbortController()
    const attester = createTdxAttester(tsm.devices, {
      async pause(_ms, signal) {
        controller.abort(new Error('enough'))
        signal.throwIfAborted()
      },
    })
    tsm.plan('outblob', ...stays({ error: 'EBUSY' }))
    await expect(attester.quote(reportData, controller.signal)).rejects.toThrow('enough')
    await machine().attester.quote(reportData, never)
    expect(tsm.entries.size).toBe(0)
  })
})

const errors = ['EBUSY', 'EINTR', 'EIO', 'ETIMEDOUT', 'ENOMEM', 'EFBIG', 'EINVAL', 'ENOENT', 'ENXIO', 'EACCES']
const data64 = fc.uint8Array({ minLength: 64, maxLength: 64 })
const fault: fc.Arbitrary<Fault | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom(...errors).map((error) => ({ error })),
  fc.record({ otherWrites: data64, when: fc.constantFrom('before' as const, 'after' as const) }),
  fc.constant('removed' as const),
  fc.nat(6000).map((cut) => ({ cut })),
  data64.map((staleOver) => ({ staleOver })),
)
const operation = fc.constantFrom<Operation>('mkdir', 'provider', 'inblob', 'outblob', 'generation')
const plan = fc.array(fc.tuple(operation, fault), { maxLength: 12 })

test('whatever goes wrong, no wrong quote comes out and no entry stays', async () => {
  let good = 0
  await fc.assert(
    fc.asyncProperty(fc.array(data64, { minLength: 1, maxLength: 3 }), plan, async (asked, faults) => {
      const { tsm, attester } = machine()
      for (const [at, what] of faults) tsm.plan(at, what)
      const outcomes = await Promise.allSettled(asked.map((data) => attester.quote(data, never)))
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(TeeError)
        else expect(parseQuote(outcome.value).body.reportData).toBe(toHex(asked[index] ?? other))
        if (outcome.status === 'fulfilled') good += 1
      }
      expect(tsm.mostAtOnce()).toBeLessThanOrEqual(1)
      expect(tsm.entries.size).toBe(0)
    }),
    { seed: 3, numRuns: 300 },
  )
  expect(good).toBeGreaterThan(100)
})
