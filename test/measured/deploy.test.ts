/** deploy/: files that no machine here can run. What can be checked without one: form, names, the lines that matter. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { DEPLOYED_PRODUCT, DEPLOYED_SVN } from '../../src/cli/attest/measure-programs.ts'
import { parseConfig } from '../../src/job/index.ts'
import { deploy, directory, HOME_FILES, put, read, run, shell } from './deploy-files.ts'
import { createHome } from './homes.ts'

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

test.each(['occlum/build.sh', 'gramine/build.sh', 'tdx/prepare.sh'])(
  '%s asks for every file of a home',
  async (path) => {
    const text = await read(path)
    for (const file of HOME_FILES) expect(text).toContain(file)
  },
)

describe('occlum', () => {
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
    expect(home.sort()).toEqual(HOME_FILES)
  })

  test('build.sh starts what bom.yaml put there', async () => {
    const bom = parseConfig(bomSchema, await read('occlum/bom.yaml'), 'bom.yaml')
    const at = (name: string) => bom.targets.find(({ copy }) => JSON.stringify(copy).includes(`/${name}"`))?.target
    const line = `occlum run ${at('node')}/node ${at('aggregator.mjs')}/aggregator.mjs --home ${at('coffer.yaml')}`
    expect(await read('occlum/build.sh')).toContain(line)
  })

  test('build.sh refuses a program that is not position-independent', async () => {
    await using home = await createHome()
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

  test('whom the aggregator believes is measured; what changes while it stays is not', async () => {
    const text = await read('gramine/aggregator.manifest.template')
    const [trusted, allowed, mounted] = ['sgx.trusted_files', 'sgx.allowed_files', 'fs.mounts'].map((key) =>
      list(text, key),
    )
    expect(trusted).toEqual(
      expect.arrayContaining(['{{ node }}', '{{ bundle }}', '{{ home }}/coffer.yaml', '{{ home }}/roots.pem']),
    )
    expect(allowed?.sort()).toEqual(
      ['attestation-policy.json', 'certificate.pem', 'key.pem'].map((name) => `{{ home }}/${name}`),
    )
    for (const file of HOME_FILES) expect(mounted).toContain(`{{ home }}/${file}`)
    const covered = (path: string) =>
      [...(trusted ?? []), ...(allowed ?? [])].some((each) => each.replace(/\/$/, '') === path)
    expect(mounted?.filter((path) => !covered(path))).toEqual([])
  })
})
