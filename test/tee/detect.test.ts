/** What is found on a machine, in words, and which attester follows from it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkTee } from '../../src/cli/doctor/tee-checks.ts'
import { createDevices, type Devices, detectAttesters, openAttester } from '../../src/tee/index.ts'
import { constant, createFakeDevices, systemError } from '../support/fake-devices.ts'
import { createFakeTsm } from '../support/fake-tsm.ts'
import { platformOf, reportData } from './evidence.ts'
import { codeOf } from './provoked.ts'

const never = new AbortController().signal
const rtmr3 = '/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384'
const report = (data: Uint8Array): Uint8Array => platformOf('tdx-v4').quote({ reportData: data })

/** Each kind of machine that an operator may be on. */
const machines = {
  laptop: () => createFakeDevices({ '/sys/kernel/config': 'directory' }),
  tdx: () => {
    const { devices } = createFakeTsm({ provider: 'tdx_guest', report })
    devices.nodes.set('/dev/tdx_guest', {})
    devices.nodes.set(rtmr3, constant(new Uint8Array(48)))
    devices.nodes.set('/sys/firmware/acpi/tables/CCEL', {})
    return devices
  },
  'tdx, older than 6.16': () => createFakeTsm({ provider: 'tdx_guest', report }).devices,
  'tdx, older than 6.7': () => createFakeDevices({ '/dev/tdx_guest': {} }),
  'no driver': () => createFakeTsm({ provider: undefined, report }).devices,
  'sev-snp': () => {
    const { devices } = createFakeTsm({ provider: 'sev_guest', report })
    devices.nodes.set('/dev/sev-guest', {})
    return devices
  },
  arm: () => createFakeTsm({ provider: 'arm_cca_guest', report }).devices,
  gramine: () => createFakeDevices({ '/dev/attestation': 'directory' }),
  occlum: () => createFakeDevices({ '/dev/sgx': {} }),
  'sgx host': () => createFakeDevices({ '/dev/sgx': 'directory', '/dev/sgx_enclave': {} }),
} as const satisfies Record<string, () => Devices>

type Machine = keyof typeof machines

describe('on each machine', () => {
  const cases: readonly (readonly [
    Machine,
    attester: string | undefined,
    path: string,
    state: string,
    found: RegExp,
  ])[] = [
    ['laptop', undefined, '/sys/kernel/config/tsm/report', 'absent', /no Linux from 6.7 on with configfs-tsm/],
    ['tdx', 'TDX by configfs-tsm', '/sys/kernel/config/tsm/report', 'usable', /an Intel TDX VM/],
    ['tdx', 'TDX by configfs-tsm', '/dev/tdx_guest', 'usable', /not needed/],
    ['tdx', 'TDX by configfs-tsm', rtmr3, 'usable', /its digest into RTMR3/],
    ['tdx', 'TDX by configfs-tsm', '/sys/firmware/acpi/tables/CCEL', 'usable', /event log/],
    ['tdx, older than 6.16', 'TDX by configfs-tsm', rtmr3, 'unusable', /machine image, not the program/],
    ['tdx, older than 6.16', 'TDX by configfs-tsm', '/sys/firmware/acpi/tables/CCEL', 'absent', /without the events/],
    ['tdx, older than 6.7', undefined, '/dev/tdx_guest', 'unusable', /report that only this machine can check/],
    ['no driver', undefined, '/sys/kernel/config/tsm/report', 'unusable', /no driver.*ENXIO/],
    ['sev-snp', undefined, '/sys/kernel/config/tsm/report', 'unusable', /nothing here verifies/],
    ['sev-snp', undefined, '/dev/sev-guest', 'unusable', /nothing here verifies/],
    ['arm', undefined, '/sys/kernel/config/tsm/report', 'unusable', /arm_cca_guest.*not supported/],
    ['gramine', 'SGX by Gramine', '/dev/attestation', 'usable', /Gramine/],
    ['occlum', 'SGX by Occlum', '/dev/sgx', 'usable', /Occlum/],
    ['sgx host', undefined, '/dev/sgx', 'unusable', /outside of an enclave gets no quote/],
    ['sgx host', undefined, '/dev/sgx_enclave', 'unusable', /outside of an enclave gets no quote/],
  ]
  test.each(cases)('%s: %s, %s is %s', async (machine, attester, path, state, found) => {
    const devices = machines[machine]()
    const finding = (await detectAttesters(devices)).find((each) => each.path === path)
    expect(finding).toMatchObject({ state, found: expect.stringMatching(found) })
    expect(finding?.next === undefined).toBe(state !== 'unusable')
    const opened = openAttester('auto', devices)
    if (attester === undefined) expect(await codeOf(opened)).toBe('TEE_NOT_FOUND')
    else expect((await opened).name).toBe(attester)
  })

  test('looking leaves no entry behind', async () => {
    const tsm = createFakeTsm({ provider: 'tdx_guest', report })
    await detectAttesters(tsm.devices)
    expect(tsm.names).toHaveLength(1)
    expect(tsm.entries.size).toBe(0)
  })

  test('the device of Occlum is not called: its first call decides about the later ones', async () => {
    const devices = machines.occlum()
    devices.ioctl = async () => {
      throw new Error('called')
    }
    expect((await detectAttesters(devices)).some(({ attester }) => attester === 'occlum')).toBe(true)
  })

  test.each([
    ['mkdir', 'EACCES', /does not let this program/],
    ['provider', 'EIO', /EIO/],
  ] as const)('a %s that ends in %s is a finding', async (operation, error, found) => {
    const tsm = createFakeTsm({ provider: 'tdx_guest', report })
    tsm.plan(operation, { error })
    const [finding] = await detectAttesters(tsm.devices)
    expect(finding).toMatchObject({ state: 'unusable', found: expect.stringMatching(found) })
    expect(tsm.entries.size).toBe(0)
  })

  test('a path that cannot be looked at is a finding, and a mistake of the program is not', async () => {
    const devices = machines.laptop()
    devices.look = async () => {
      throw systemError('EACCES')
    }
    const findings = await detectAttesters(devices)
    expect(new Set(findings.map(({ state, found }) => `${state} ${found}`))).toEqual(new Set(['unusable EACCES']))
    devices.look = async () => {
      throw new Error('mistake')
    }
    await expect(detectAttesters(devices)).rejects.toThrow('mistake')
  })
})

describe('opening', () => {
  const all = (): Devices => {
    const devices = machines.tdx()
    devices.nodes.set('/dev/attestation', 'directory')
    devices.nodes.set('/dev/sgx', {})
    return devices
  }

  test('prefers TDX, then Gramine, then Occlum', async () => {
    const devices = createFakeDevices({ '/dev/attestation': 'directory', '/dev/sgx': {} })
    expect((await openAttester('auto', all())).name).toBe('TDX by configfs-tsm')
    expect((await openAttester('auto', devices)).name).toBe('SGX by Gramine')
    devices.nodes.delete('/dev/attestation')
    expect((await openAttester('auto', devices)).name).toBe('SGX by Occlum')
  })

  test('takes the one that is asked for, or none', async () => {
    expect((await openAttester('occlum', all())).name).toBe('SGX by Occlum')
    expect((await openAttester('gramine', all())).name).toBe('SGX by Gramine')
    expect(await codeOf(openAttester('tdx', machines.occlum()))).toBe('TEE_NOT_FOUND')
  })

  test('what it opens works', async () => {
    const attester = await openAttester('auto', machines.tdx())
    expect(await attester.quote(reportData, never)).toEqual(new Uint8Array(report(reportData)))
  })

  test('names everything that was looked at', async () => {
    const error = await openAttester('auto', machines['sgx host']()).catch((caught: unknown) => String(caught))
    for (const path of ['/sys/kernel/config/tsm/report', '/dev/attestation', '/dev/sgx', '/dev/tdx_guest', rtmr3]) {
      expect(error).toContain(path)
    }
  })
})

describe('the doctor', () => {
  const verdicts = async (machine: Machine): Promise<string[]> =>
    (await checkTee(machines[machine]())).map(({ verdict, name }) => `${verdict} ${name}`)

  test('has one line for a machine without a TEE', async () => {
    const checks = await checkTee(machines.laptop())
    expect(checks).toHaveLength(1)
    expect(checks[0]).toMatchObject({ verdict: 'ok', found: expect.stringContaining('only be simulated') })
  })

  test('says what works, and what needs a hand', async () => {
    expect(await verdicts('tdx, older than 6.16')).toEqual([
      'ok tee',
      'ok tee, /sys/kernel/config/tsm/report',
      `warn tee, ${rtmr3}`,
    ])
    expect(await verdicts('sgx host')).toEqual(['ok tee', 'warn tee, /dev/sgx', 'warn tee, /dev/sgx_enclave'])
    expect(await verdicts('gramine')).toEqual(['ok tee', 'ok tee, /dev/attestation'])
  })
})

test('plain files and directories are told apart', async () => {
  const root = mkdtempSync(join(tmpdir(), 'coffer-detect-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const path of ['/dev/attestation/quote', '/dev/sgx/enclave', '/dev/sgx_enclave']) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), '')
  }
  const devices = createDevices({ root })
  expect(await devices.look('/dev/sgx_enclave/x')).toBe('absent')
  const found = (await detectAttesters(devices)).filter(({ state }) => state !== 'absent')
  expect(found.map(({ path, state }) => `${path} ${state}`)).toEqual([
    '/dev/attestation usable',
    '/dev/sgx unusable',
    '/dev/sgx_enclave unusable',
  ])
})

test('this very machine can be looked at', async () => {
  expect((await detectAttesters(createDevices())).length).toBe(8)
})
