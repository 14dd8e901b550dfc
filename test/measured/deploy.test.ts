/** deploy/: files that no machine here can run. What can be checked without one: form, names, the lines that matter. */
import { createHash, createPublicKey } from 'node:crypto'
import { chmod, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { DEPLOYED_PRODUCT, DEPLOYED_SVN } from '../../src/cli/attest/measure-programs.ts'
import { policyWarnings } from '../../src/cli/policy/warnings.ts'
import { parseConfig } from '../../src/job/index.ts'
import { aggregator, sgx } from '../job/attestation-policies.ts'
import { deploy, directory, IMAGE_FILES, POLICY_FILE, put, read, run, shell } from './deploy-files.ts'
import { createHome, productionPolicy } from './homes.ts'

test.each(['tdx/prepare.sh', 'tdx/check.sh', 'occlum/build.sh', 'gramine/build.sh'])('%s is a script', async (path) => {
  await run('bash', ['-n', join(deploy, path)])
  expect((await stat(join(deploy, path))).mode & 0o111).not.toBe(0)
  expect(await read(path)).toMatch(/^#!\/usr\/bin\/env bash\n/)
})

test('each folder has a README that says what never ran on hardware, and names each file beside it', async () => {
  for (const folder of ['tdx', 'occlum', 'gramine']) {
    const text = await read(`${folder}/README.md`)
    expect(text).toContain('## What was run where')
    expect(text).toMatch(/\*\*Never /)
    for (const name of await readdir(join(deploy, folder))) {
      if (name !== 'README.md') expect(text, `${folder}/${name}`).toContain(name)
    }
  }
})

test.each([
  ['tdx/prepare.sh', IMAGE_FILES],
  ['gramine/build.sh', ['coffer.yaml', 'roots.pem']],
  ['occlum/build.sh', [POLICY_FILE, ...IMAGE_FILES]],
])('%s asks for the files of a home that it puts into what is measured', async (path, files) => {
  const [, asked = ''] = /^for file in (.*); do\n {2}\[ -f "\$home\/\$file" \]/m.exec(await read(path)) ?? []
  expect(asked.split(' ').sort()).toEqual([...files].sort())
})

describe('occlum', () => {
  /** Named by its signer: what the policy of an image that contains it has to be. */
  const bySigner = () => {
    const { roles } = aggregator({ programs: [{ ...sgx, mrEnclave: 'any', mrSigner: ['ab'.repeat(32)] }] })
    return productionPolicy({ roles })
  }
  test('Occlum.json keeps the host out', async () => {
    const config = JSON.parse(await read('occlum/Occlum.json'))
    expect(config.metadata).toMatchObject({
      debuggable: false,
      enable_kss: true,
      product_id: DEPLOYED_PRODUCT,
      version_number: DEPLOYED_SVN,
    })
    expect(config.env.untrusted).toEqual([])
    expect(config.env.default).toContain('UV_USE_IO_URING=0')
    expect(JSON.stringify(config.mount)).not.toMatch(/hostfs|\/host/)
    expect(config.mount.map((each: { type: string }) => each.type)).toEqual(['unionfs', 'procfs', 'devfs'])
  })

  const copies = z.array(
    z.strictObject({ files: z.array(z.string()).optional(), dirs: z.array(z.string()).optional() }),
  )
  const bomSchema = z.strictObject({
    includes: z.array(z.string()),
    targets: z.array(z.strictObject({ target: z.string(), copy: copies })),
  })

  test('bom.yaml names what build.sh stages, and the whole home', async () => {
    const bom = parseConfig(bomSchema, await read('occlum/bom.yaml'), 'bom.yaml')
    const script = await read('occlum/build.sh')
    const staged = bom.targets.flatMap(({ copy }) => copy.flatMap(({ files = [], dirs = [] }) => [...files, ...dirs]))
    expect(staged.every((path) => path.startsWith('../stage/'))).toBe(true)
    for (const path of staged.filter((each) => !each.includes('/home/'))) {
      expect(script, path).toContain(`$work/stage/${path.slice('../stage/'.length)}`)
    }
    const home = staged.filter((path) => path.includes('/home/')).map((path) => path.split('/').at(-1))
    expect(home.sort()).toEqual([POLICY_FILE, ...IMAGE_FILES])
  })

  test('build.sh starts what bom.yaml put there', async () => {
    const bom = parseConfig(bomSchema, await read('occlum/bom.yaml'), 'bom.yaml')
    const at = (name: string) => bom.targets.find(({ copy }) => JSON.stringify(copy).includes(`/${name}"`))?.target
    const line = `occlum run ${at('node')}/node ${at('aggregator.mjs')}/aggregator.mjs --home ${at('coffer.yaml')}`
    expect(await read('occlum/build.sh')).toContain(line)
  })

  test('build.sh refuses a program that is not position-independent', async () => {
    await using home = await createHome({ signed: bySigner() })
    const place = await directory()
    const elf = (type: number) => Uint8Array.of(...Buffer.from('\x7fELF'), ...new Uint8Array(12), type, 0, 62, 0)
    const modules = join(place, 'node_modules')
    await put(place, { node: elf(2), pie: elf(3), key: 'key', bundle: '//' })
    await put(modules, { 'koffi/package.json': '{}', '@koromix/koffi-linux-x64/package.json': '{}' })
    const argv = (node: string) => [join(place, 'bundle'), home.path, join(place, node), modules, join(place, 'key')]
    expect((await shell('occlum/build.sh', argv('node'))).out).toContain('is not position-independent')
    const next = await shell('occlum/build.sh', argv('pie'))
    expect(next).toMatchObject({ code: 2 })
    expect(next.out).toContain('occlum is not installed')
  })

  test('build.sh refuses a policy that lists MRENCLAVE, which contains that policy', async () => {
    const place = await directory()
    await put(place, { bundle: '//' })
    const build = (home: string) => shell('occlum/build.sh', [join(place, 'bundle'), home, 'node', place, 'no-key'])
    await using exact = await createHome()
    const refused = await build(exact.path)
    expect(refused.code).toBe(2)
    expect(refused.out).toContain('has no program with mrEnclave: any')
    await using signer = await createHome({ signed: bySigner() })
    expect((await build(signer.path)).out).toContain('there is no key no-key')
  })

  test('the lines of the README for a policy are a program of one, with the warning beside them', async () => {
    const text = await read('occlum/README.md')
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(text) ?? []
    const [program, ...others] = parseConfig(z.array(z.unknown()), yaml, 'README.md')
    expect(others).toEqual([])
    expect(program).toEqual({
      ...{ tee: 'sgx', mrEnclave: 'any', mrSigner: ['MRSIGNER'], configId: 'any' },
      ...{ isvProdId: DEPLOYED_PRODUCT, minimumIsvSvn: DEPLOYED_SVN },
    })
    const warned = policyWarnings(bySigner().policy).find((warning) => warning.includes('MRENCLAVE')) ?? '-'
    expect(text.replaceAll('\n', ' ')).toContain(warned.replace(/^.*?(?=does not pin)/, ''))
    expect(text).toContain('**Whoever has that key decides what runs.**')
  })

  test('the command of the README gives MRSIGNER: SHA-256 of the modulus, little-endian', async () => {
    const [, script = ''] = /^node -e '(.*)' KEY$/m.exec(await read('occlum/README.md')) ?? []
    const modulus = Buffer.from(Array.from({ length: 384 }, (_, at) => (at === 383 ? 0xc1 : (7 * at + 1) & 0xff)))
    const jwk = { kty: 'RSA', n: Buffer.from(modulus).reverse().toString('base64url'), e: 'Aw' }
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const place = await directory()
    await put(place, { 'key.pem': key.export({ type: 'spki', format: 'pem' }) })
    const { stdout } = await run(process.execPath, ['-e', script, join(place, 'key.pem')])
    expect(stdout.trim()).toBe(createHash('sha256').update(modulus).digest('hex'))
  })
})

describe('gramine', () => {
  const list = (text: string, key: string) => {
    const [, body = ''] = new RegExp(`^${key.replace('.', '\\.')} = \\[\\n([\\s\\S]*?)^\\]$`, 'm').exec(text) ?? []
    return body.split('\n').flatMap((line) => /"?file:([^"]*)"/.exec(line)?.[1] ?? [])
  }

  test('the manifest is no debug one, and takes neither arguments nor environment of the host', async () => {
    const text = await read('gramine/aggregator.manifest.template')
    expect(text).toMatch(/^sgx\.debug = false$/m)
    expect(text).toMatch(/^sgx\.remote_attestation = "dcap"$/m)
    expect(text).toMatch(/^sgx\.file_check_policy = "strict"$/m)
    expect(text).toMatch(new RegExp(`^sgx\\.isvprodid = ${DEPLOYED_PRODUCT}$`, 'm'))
    expect(text).toMatch(new RegExp(`^sgx\\.isvsvn = ${DEPLOYED_SVN}$`, 'm'))
    expect(text.replace(/^#.*$/gm, '')).not.toMatch(/insecure__|passthrough/)
    const [, argv = '[]'] = /^loader\.argv = (.*)$/m.exec(text) ?? []
    expect(JSON.parse(argv)).toEqual(['node', '/coffer/aggregator.mjs', '--home', '/coffer/home'])
  })

  test('every placeholder is given by build.sh, and none is given in vain', async () => {
    const text = await read('gramine/aggregator.manifest.template')
    const used = new Set([...text.matchAll(/\{\{ ([a-z_]+) \}\}/g)].map(([, name]) => name))
    const given = [...(await read('gramine/build.sh')).matchAll(/^ {2}-D([a-z_]+)=/gm)].map(([, name]) => name)
    expect([...used].sort()).toEqual([...given].sort())
    expect([...text.matchAll(/\{\{ (gramine\.\w+)/g)].map(([, name]) => name)).toContain('gramine.runtimedir')
  })

  test('build.sh needs neither the policy, which lists what it makes, nor the certificate and its key', async () => {
    await using home = await createHome()
    for (const file of [POLICY_FILE, 'certificate.pem', 'key.pem']) await rm(join(home.path, file))
    const place = await directory()
    await put(place, { bundle: '//', node: '#!/bin/sh\n', key: 'key' })
    await chmod(join(place, 'node'), 0o755)
    const argv = [join(place, 'bundle'), home.path, join(place, 'node'), join(place, 'key')]
    const { code, out } = await shell('gramine/build.sh', argv)
    expect({ code, out }).toEqual({ code: 2, out: 'build: gramine is not installed\n' })
  })

  test('whom the aggregator believes is measured; what changes while it stays is not', async () => {
    const text = await read('gramine/aggregator.manifest.template')
    const [trusted, allowed, mounted] = ['sgx.trusted_files', 'sgx.allowed_files', 'fs.mounts'].map((key) =>
      list(text, key),
    )
    expect(trusted).toEqual(
      expect.arrayContaining(['{{ node }}', '{{ bundle }}', '{{ home }}/coffer.yaml', '{{ home }}/roots.pem']),
    )
    expect(trusted).not.toContain(`{{ home }}/${POLICY_FILE}`)
    expect(allowed?.sort()).toEqual([POLICY_FILE, 'certificate.pem', 'key.pem'].map((name) => `{{ home }}/${name}`))
    for (const file of [POLICY_FILE, ...IMAGE_FILES]) expect(mounted).toContain(`{{ home }}/${file}`)
    const covered = (path: string) =>
      [...(trusted ?? []), ...(allowed ?? [])].some((each) => each.replace(/\/$/, '') === path)
    expect(mounted?.filter((path) => !covered(path))).toEqual([])
  })
})
