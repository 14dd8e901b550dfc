/** The event log of a TDX VM: read, bounded, cut to what is used, and completed by what the program itself measured. */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MAXIMUM_SENT_LOG_BYTES, parseEventLog, parseQuote, replay } from '../../src/attestation/index.ts'
import { toHex } from '../../src/crypto/index.ts'
import { createTdxAttester } from '../../src/tee/configfs/tdx.ts'
import { createDevices } from '../../src/tee/index.ts'
import { constant, createFakeDevices, type FakeDevices, systemError } from '../support/fake-devices.ts'
import { present, read } from '../attestation/vectors.ts'
import { platformOf } from './evidence.ts'
import { codeOf } from './provoked.ts'

const never = new AbortController().signal
const tablePath = '/sys/firmware/acpi/tables/CCEL'
const dataPath = '/sys/firmware/acpi/tables/data/CCEL'

function simulatedLog(): Uint8Array {
  const { eventLog } = platformOf('tdx-v4')
  if (eventLog === undefined) throw new Error('the simulator made no event log')
  return eventLog
}

/** An ACPI table as firmware writes it, with the fields that are looked at. */
function table({ signature = 'CCEL', length = 56, kind = 2, log = BigInt(simulatedLog().length) } = {}): Buffer {
  const bytes = Buffer.alloc(56)
  bytes.write(signature, 'latin1')
  bytes.writeUInt32LE(length, 4)
  bytes.writeUInt8(kind, 36)
  bytes.writeBigUInt64LE(log, 40)
  bytes.writeBigUInt64LE(0x7f00_0000n, 48)
  return bytes
}

const firmware = (ccel: Uint8Array = table(), data: Uint8Array = simulatedLog()): FakeDevices =>
  createFakeDevices({ [tablePath]: constant(ccel), [dataPath]: constant(data) })

async function logOf(devices: FakeDevices, extended?: Uint8Array): Promise<Uint8Array> {
  const attester = createTdxAttester(devices, extended === undefined ? {} : { extended })
  const log = await attester.eventLog?.(never)
  if (log === undefined) throw new Error('the attester has no event log')
  return log
}

describe('the log', () => {
  test('has every event, without the unused end of its area', async () => {
    const log = await logOf(firmware())
    expect(parseEventLog(log)).toEqual(parseEventLog(simulatedLog()))
    expect(log.length).toBeLessThan(simulatedLog().length)
    expect(toHex(simulatedLog()).startsWith(toHex(log))).toBe(true)
  })

  test('ends with what the program put into RTMR3, so that a replay reaches its value', async () => {
    const digest = new Uint8Array(createHash('sha384').update('the program').digest())
    const before = replay(parseEventLog(simulatedLog()))
    const after = replay(parseEventLog(await logOf(firmware(), digest)))
    const expected = createHash('sha384').update(Buffer.from(before[3], 'hex')).update(digest).digest('hex')
    expect(after).toEqual([before[0], before[1], before[2], expected])
  })

  test('is empty where the firmware keeps none', async () => {
    expect(await logOf(createFakeDevices())).toHaveLength(0)
  })

  test('is not read for a caller who has given up', async () => {
    const log = createTdxAttester(firmware()).eventLog?.(AbortSignal.abort(new Error('too late')))
    await expect(log).rejects.toThrow('too late')
  })
})

describe('refused', () => {
  test.each([
    ['another table', table({ signature: 'TDEL' })],
    ['a table of another length', table({ length: 64 })],
    ['the log of another kind of TEE', table({ kind: 1 })],
    ['half a table', table().subarray(0, 40)],
    ['a log of no bytes', table({ log: 0n })],
    ['a log that would take the memory', table({ log: 2n ** 40n })],
    ['a log of more than any number', table({ log: 2n ** 64n - 1n })],
  ])('%s, before the log is read', async (_name, ccel) => {
    const devices = firmware(ccel)
    devices.nodes.set(dataPath, {
      read() {
        throw new Error('the log was read')
      },
    })
    expect(await codeOf(logOf(devices))).toBe('TEE_EVENT_LOG_UNUSABLE')
  })

  test('a log shorter than the table says', async () => {
    expect(await codeOf(logOf(firmware(table({ log: 5000n }))))).toBe('TEE_EVENT_LOG_UNUSABLE')
  })

  test.each([
    ['zeros', new Uint8Array(4096)],
    ['an erased area', new Uint8Array(4096).fill(0xff)],
    ['a log with a hole', Uint8Array.from(simulatedLog(), (byte, at) => (at > 300 && at < 340 ? 0xff : byte))],
  ])('%s', async (_name, data) => {
    expect(await codeOf(logOf(firmware(table(), data)))).toBe('TEE_EVENT_LOG_UNUSABLE')
  })

  test('events of more bytes than a party takes: it is said here, and not by every party', async () => {
    const used = await logOf(firmware())
    const head = Buffer.alloc(14)
    for (const [at, value] of [4, 0x0d, 1].entries()) head.writeUInt32LE(value, 4 * at)
    head.writeUInt16LE(12, 12)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(MAXIMUM_SENT_LOG_BYTES)
    const log = Buffer.concat([used, head, Buffer.alloc(48), length, Buffer.alloc(MAXIMUM_SENT_LOG_BYTES)])
    const read = logOf(firmware(table({ log: BigInt(log.length) }), log))
    await expect(read).rejects.toThrow(`at most ${MAXIMUM_SENT_LOG_BYTES} travel`)
  })

  test('more data than the table says, and more table than there can be', async () => {
    expect(await codeOf(logOf(firmware(table({ log: 4095n }))))).toBe('TEE_DEVICE_FAILED')
    expect(await codeOf(logOf(firmware(Buffer.alloc(57))))).toBe('TEE_DEVICE_FAILED')
  })

  test('a kernel that shows the table and not its data, or to root only', async () => {
    const devices = firmware()
    devices.nodes.delete(dataPath)
    expect(await codeOf(logOf(devices))).toBe('TEE_EVENT_LOG_UNUSABLE')
    devices.nodes.set(dataPath, {
      read() {
        throw systemError('EACCES')
      },
    })
    expect(await codeOf(logOf(devices))).toBe('TEE_PERMISSION')
  })
})

test('plain files do', async () => {
  const root = mkdtempSync(join(tmpdir(), 'coffer-ccel-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [path, bytes] of [[tablePath, table()] as const, [dataPath, simulatedLog()] as const]) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), bytes)
  }
  const log = await createTdxAttester(createDevices({ root })).eventLog?.(never)
  expect(parseEventLog(log ?? new Uint8Array(0))).toEqual(parseEventLog(simulatedLog()))
})

test.runIf(present)('the log of a real VM leads to the registers of its quote', async () => {
  const real = (name: string): Uint8Array => read(`tdx-v4-ccel/${name}`)
  const log = await logOf(firmware(real('ccel_table.dat'), real('ccel_data.dat')))
  const { body } = parseQuote(real('cos-113-tdx-quote.dat'))
  if (body.kind === 'sgx') throw new Error('expected a TD')
  expect(parseEventLog(log)).toHaveLength(43)
  expect(replay(parseEventLog(log))).toEqual([body.rtmr0, body.rtmr1, body.rtmr2, body.rtmr3])
  expect(log.length).toBeLessThan(65_536)
})
