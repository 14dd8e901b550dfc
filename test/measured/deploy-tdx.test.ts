/** deploy/tdx: the unit, the preparation of an image and the check of a VM, on trees of files. */
import { existsSync } from 'node:fs'
import { chmod, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bundleMeasured } from '../../scripts/measured-bundle.ts'
import { deploy, directory, IMAGE_FILES, put, read, shell } from './deploy-files.ts'
import { configOf, createHome } from './homes.ts'

describe('tdx: the unit', () => {
  const settings = async () =>
    new Map(
      (await read('tdx/coffer-aggregator.service')).split('\n').flatMap((line) => {
        const [, key = '', value = ''] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? []
        return key === '' || key === 'ReadWritePaths' ? [] : [[key, value] as const]
      }),
    )

  test('starts what prepare.sh puts there, with no right and no way out for memory', async () => {
    const unit = await settings()
    const prepare = await read('tdx/prepare.sh')
    const [node, program, option, home] = (unit.get('ExecStart') ?? '').split(' ')
    expect([node, option]).toEqual(['/usr/bin/node', '--home'])
    expect(prepare).toContain(`"$root${program}"`)
    expect(prepare).toContain(`"$root${home}"`)
    expect(unit.get('CapabilityBoundingSet')).toBe('')
    expect(unit.get('NoNewPrivileges')).toBe('yes')
    expect(unit.get('ProtectSystem')).toBe('strict')
    expect(unit.get('LimitCORE')).toBe('0')
    expect(unit.get('MemorySwapMax')).toBe('0')
    expect(unit.has('DynamicUser')).toBe(false)
    expect(unit.has('Environment')).toBe(false)
  })

  test('clears every variable that the bundle reads, and those of Node that load, trust or tell', async () => {
    const unit = await read('tdx/coffer-aggregator.service')
    const cleared = [...unit.matchAll(/^UnsetEnvironment=(.*)$/gm)].flatMap(([, names = '']) => names.split(' '))
    const code = Buffer.from((await bundleMeasured(join(deploy, '..'))).code).toString('utf8')
    const names = [...code.matchAll(/\bprocess\w*\.env\.(\w+)/g)].map(([, name]) => name)
    expect(names).toEqual(expect.arrayContaining(['GRPC_TRACE', 'GRPC_SSL_CIPHER_SUITES', 'grpc_proxy']))
    expect(cleared).toEqual(expect.arrayContaining([...names, 'NODE_OPTIONS', 'NODE_TLS_REJECT_UNAUTHORIZED']))
  })

  test('may write where the attester writes', async () => {
    const text = await read('tdx/coffer-aggregator.service')
    const paths = [...text.matchAll(/^ReadWritePaths=-?(.*)$/gm)].map(([, path]) => path)
    expect(paths).toEqual(['/sys/kernel/config/tsm/report', '/sys/devices/virtual/misc/tdx_guest/measurements'])
    for (const file of ['configfs/entry.ts', 'configfs/rtmr.ts']) {
      const source = await readFile(join(deploy, '../src/tee', file), 'utf8')
      expect(paths.some((path) => source.includes(path ?? '-'))).toBe(true)
    }
  })
})

describe('tdx: prepare.sh', () => {
  const POLICY = '/var/lib/coffer/attestation-policy.json'
  const STATE = '/var/lib/coffer-state'
  const places = (changes: Record<string, string> = {}) =>
    configOf({ attestationPolicy: POLICY, state: STATE, ...changes })

  test('fills the tree of an image without the policy, and keeps the key to root', async () => {
    await using home = await createHome({ config: places() })
    const root = await directory()
    await put(root, { 'aggregator.mjs': '// program' })
    const { code, out } = await shell('tdx/prepare.sh', [join(root, 'aggregator.mjs'), home.path, join(root, 'image')])
    expect({ code, out }).toMatchObject({ code: 0 })
    const place = join(root, 'image/etc/coffer/aggregator')
    expect((await readdir(place)).sort()).toEqual(IMAGE_FILES)
    expect(await readdir(join(root, 'image/var/lib/coffer'))).toEqual([])
    const unit = join(root, 'image/etc/systemd/system/coffer-aggregator.service')
    expect(await readFile(`${unit}.d/policy.conf`, 'utf8')).toBe(`[Unit]\nRequiresMountsFor=${POLICY}\n`)
    expect(out).toContain(`not in the image, and read at each start: ${POLICY}`)
    expect(await readdir(join(root, `image${STATE}`))).toEqual([])
    expect(await readFile(`${unit}.d/state.conf`, 'utf8')).toBe(
      `[Unit]\nRequiresMountsFor=${STATE}\n[Service]\nReadWritePaths=${STATE}\n`,
    )
    expect(out).toContain(`not in the image, and written while it runs: ${STATE}`)
    expect((await stat(join(place, 'key.pem'))).mode & 0o777).toBe(0o600)
    expect((await stat(place)).mode & 0o777).toBe(0o700)
    expect(await readFile(join(root, 'image/opt/coffer/aggregator.mjs'), 'utf8')).toBe('// program')
    expect(await readFile(join(root, 'image/etc/sysctl.d/60-coffer.conf'), 'utf8')).toContain(
      'core_pattern = |/bin/false',
    )
    expect(await readlink(join(root, 'image/etc/systemd/system/swap.target'))).toBe('/dev/null')
    const wanted = join(root, 'image/etc/systemd/system/multi-user.target.wants/coffer-aggregator.service')
    expect(existsSync(wanted)).toBe(true)
  })

  const outside = [`"${POLICY}"`, `'${POLICY}' # on the disk`, '/etc/coffer-policy/policy.json', '/policy.json']
  test.each(outside)('takes attestationPolicy: %s', async (value) => {
    await using home = await createHome({ config: places({ attestationPolicy: value }) })
    const argv = [join(home.path, 'roots.pem'), home.path, await directory()]
    expect(await shell('tdx/prepare.sh', argv)).toMatchObject({ code: 0 })
  })

  test.each([
    'attestation-policy.json',
    './var/policy.json',
    '/etc/coffer',
    '/etc/coffer/aggregator/attestation-policy.json',
    '"/etc/coffer/attestation-policy.json"',
    '/var/../etc/coffer/policy.json',
    '//etc/coffer/policy.json',
    '/etc/./coffer/policy.json',
    '/var/lib/coffer/a policy.json',
    '',
    `${POLICY}\nattestationPolicy: ${POLICY}`,
  ])('refuses attestationPolicy: %s, and leaves the image alone', async (value) => {
    await using home = await createHome({ config: places({ attestationPolicy: value }) })
    const image = await directory()
    const { code, out } = await shell('tdx/prepare.sh', [join(home.path, 'roots.pem'), home.path, image])
    expect(code).toBe(2)
    expect(out).toContain('expected an absolute path outside of /etc/coffer')
    expect(out).toContain('it cannot be in the image')
    expect(await readdir(image)).toEqual([])
  })

  test.each(['state', '/etc/coffer/state', '/var/../etc/coffer/state', ''])('refuses state: %s', async (value) => {
    await using home = await createHome({ config: places({ state: value }) })
    const image = await directory()
    const { code, out } = await shell('tdx/prepare.sh', [join(home.path, 'roots.pem'), home.path, image])
    expect(code).toBe(2)
    expect(out).toContain(`has state '${value}', expected an absolute path outside of /etc/coffer`)
    expect(await readdir(image)).toEqual([])
  })

  test('refuses a home that is not whole', async () => {
    await using home = await createHome({ config: places() })
    await rm(join(home.path, 'roots.pem'))
    const { code, out } = await shell('tdx/prepare.sh', [join(home.path, 'coffer.yaml'), home.path, await directory()])
    expect(code).toBe(2)
    expect(out).toContain('roots.pem is missing')
  })
})

describe('tdx: check.sh', () => {
  /** A VM as it should be, in files; mkdir and rmdir do what configfs does. */
  async function machine(changes: Record<string, string | Uint8Array> = {}): Promise<{ root: string; path: string }> {
    const root = await directory()
    const files: Record<string, string | Uint8Array> = {
      'proc/sys/kernel/osrelease': '6.16.3-generic\n',
      'proc/sys/kernel/core_pattern': '|/bin/false\n',
      'proc/cpuinfo': 'flags\t: fpu tdx_guest sse\n',
      'proc/swaps': 'Filename Type Size Used Priority\n',
      'proc/cmdline': 'ro roothash=00ff quiet\n',
      'sys/kernel/config/tsm/report/.keep': '',
      'sys/kernel/security/lockdown': 'none [integrity] confidentiality\n',
      'sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384': new Uint8Array(48),
      'sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc\n',
      'sys/firmware/acpi/tables/CCEL': 'x',
      'sys/firmware/acpi/tables/data/CCEL': 'x',
      'sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c': Uint8Array.of(6, 0, 0, 0, 1),
      'opt/coffer/aggregator.mjs': 'program',
      ...changes,
    }
    await put(root, files)
    await put(root, { 'bin/mkdir': '#!/bin/sh\n/bin/mkdir "$1" && echo tdx_guest > "$1/provider"\n' })
    await put(root, { 'bin/rmdir': '#!/bin/sh\nrm -r "$1"\n' })
    for (const name of ['mkdir', 'rmdir']) await chmod(join(root, 'bin', name), 0o755)
    return { root, path: `${join(root, 'bin')}${delimiter}${process.env.PATH}` }
  }
  const check = ({ root, path }: { root: string; path: string }, ...argv: string[]) =>
    shell('tdx/check.sh', argv, { COFFER_CHECK_ROOT: root, PATH: path })
  const digest = '0b0f8f2d'

  test('finds nothing to say against a good machine', async () => {
    const { code, out } = await check(await machine())
    expect(
      out
        .split('\n')
        .filter((line) => !line.startsWith('ok'))
        .join('\n')
        .trim(),
    ).toMatch(/^note {2}the bundle has SHA-384/)
    expect(code).toBe(0)
  })

  const zero = new Uint8Array(48)
  const bad: Record<string, readonly [Record<string, string | Uint8Array>, string, number]> = {
    'an old kernel': [{ 'proc/sys/kernel/osrelease': '6.1.0-13-amd64\n' }, 'FAIL  Linux 6.1.0', 1],
    'a kernel without RTMR3': [{ 'proc/sys/kernel/osrelease': '6.8.0\n' }, 'note  Linux 6.8.0: quotes, but RTMR3', 0],
    'no TDX': [{ 'proc/cpuinfo': 'flags : fpu\n' }, 'FAIL  no tdx_guest', 1],
    swap: [{ 'proc/swaps': 'Filename\n/dev/vda2 partition 1 0 -2\n' }, 'FAIL  there is swap', 1],
    'core files': [{ 'proc/sys/kernel/core_pattern': 'core\n' }, 'FAIL  core files', 1],
    'a root that anybody may write': [{ 'proc/cmdline': 'rw\n' }, 'FAIL  the root file system', 1],
    'a register that was used': [
      { 'sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384': zero.with(40, 9) },
      'note  RTMR3 is not zero',
      0,
    ],
    'no Secure Boot': [
      { 'sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c': Uint8Array.of(6, 0, 0, 0, 0) },
      'note  Secure Boot is off',
      0,
    ],
    "the host's clock": [
      { 'sys/devices/system/clocksource/clocksource0/current_clocksource': 'kvm-clock\n' },
      'note  the clock source is kvm-clock',
      0,
    ],
  }
  test.each(Object.entries(bad))('sees %s', async (_name, [changes, says, expected]) => {
    const { code, out } = await check(await machine(changes))
    expect(out).toContain(says)
    expect(code).toBe(expected)
  })

  test('sees another provider, and another bundle', async () => {
    const other = await machine()
    await put(other.root, { 'bin/mkdir': '#!/bin/sh\n/bin/mkdir "$1" && echo sev_guest > "$1/provider"\n' })
    const { code, out } = await check(other, digest)
    expect(out).toContain("the provider 'sev_guest', expected tdx_guest")
    expect(out).toContain(`expected ${digest}`)
    expect(code).toBe(1)
  })
})
