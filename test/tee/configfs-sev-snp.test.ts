/** SEV-SNP evidence is collected and looked at, and is no attester. */
import { expect, test } from 'vitest'
import { collectSevSnp, detectAttesters, openAttester } from '../../src/tee/index.ts'
import { createFakeTsm, type FakeTsm } from '../support/fake-tsm.ts'
import { reportData } from './evidence.ts'
import { codeOf } from './provoked.ts'

const never = new AbortController().signal
const certificates = Uint8Array.from({ length: 3000 }, (_, at) => at % 251)

/** An attestation report of AMD's layout as far as it is looked at: version 2, report data at 0x50. */
function reportOver(data: Uint8Array, length = 1184): Uint8Array {
  const report = new Uint8Array(1184).fill(7)
  report.set([2, 0, 0, 0])
  report.set(data, 0x50)
  return report.subarray(0, length)
}

const machine = (auxblob?: Uint8Array): FakeTsm =>
  createFakeTsm({ provider: 'sev_guest', report: (data) => reportOver(data), ...(auxblob && { auxblob }) })
const noPause = { pause: async () => undefined }

test('the report and its certificates', async () => {
  const tsm = machine(certificates)
  const evidence = await collectSevSnp(tsm.devices, reportData, never)
  expect(evidence).toEqual({ report: reportOver(reportData), certificates })
  expect(tsm.entries.size).toBe(0)
})

test('a host that gives no certificates', async () => {
  const evidence = await collectSevSnp(machine().devices, reportData, never)
  expect(evidence.certificates).toHaveLength(0)
})

test.each([
  ['an empty report', { cut: 0 }, 'TEE_QUOTE_SHORT'],
  ['half a report', { cut: 0x90 }, 'TEE_QUOTE_SHORT'],
  ['a report that is too long', { replaceBy: new Uint8Array(1185) }, 'TEE_QUOTE_UNUSABLE'],
  ['a report over other data', { staleOver: new Uint8Array(64) }, 'TEE_QUOTE_STALE'],
  ['another writer', { otherWrites: new Uint8Array(64), when: 'after' }, 'TEE_QUOTE_RACE'],
] as const)('%s', async (_name, fault, code) => {
  const tsm = machine()
  tsm.plan('outblob', fault, fault, fault, fault)
  expect(await codeOf(collectSevSnp(tsm.devices, reportData, never, noPause))).toBe(code)
  expect(tsm.entries.size).toBe(0)
})

test('another writer between report and certificates', async () => {
  const tsm = machine()
  tsm.plan('auxblob', { otherWrites: new Uint8Array(64), when: 'before' })
  expect((await collectSevSnp(tsm.devices, reportData, never, noPause)).report).toEqual(reportOver(reportData))
  expect(tsm.calls('mkdir')).toBe(2)
})

test('is not asked of a TDX VM, and report data has 64 bytes', async () => {
  const tdx = createFakeTsm({ provider: 'tdx_guest', report: reportOver })
  expect(await codeOf(collectSevSnp(tdx.devices, reportData, never))).toBe('TEE_OTHER_PROVIDER')
  expect(await codeOf(collectSevSnp(machine().devices, new Uint8Array(65), never))).toBe('TEE_REPORT_DATA_LENGTH')
})

test('is no attester: nothing verifies it, and the refusal says so', async () => {
  const { devices } = machine()
  const [finding] = await detectAttesters(devices)
  expect(finding).toMatchObject({ state: 'unusable', found: expect.stringContaining('nothing here verifies') })
  expect(await codeOf(openAttester('auto', devices))).toBe('TEE_NOT_FOUND')
})
