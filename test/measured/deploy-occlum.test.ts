/** deploy/occlum/: no Occlum here, so form and names; the launcher and build.sh run on ordinary Linux, with stand-ins. */
import { spawnSync } from 'node:child_process'
import { createHash, createPublicKey } from 'node:crypto'
import { chmod, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { DEPLOYED_PRODUCT, DEPLOYED_SVN } from '../../src/cli/attest/measure-programs.ts'
import { policyWarnings } from '../../src/cli/policy/warnings.ts'
import { parseConfig } from '../../src/job/index.ts'
import { aggregator, sgx } from '../job/attestation-policies.ts'
import { deploy, directory, IMAGE_FILES, POLICY_FILE, put, read, run, shell } from './deploy-files.ts'
import { createHome, productionPolicy } from './homes.ts'

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
  expect(config.mount.map((each: { type: string }) => each.type)).toEqual(['unionfs', 'hostfs', 'procfs', 'devfs'])
  // Of the host nothing but the sealed state, where the default of `state` is, made by build.sh, beside nothing that runs.
  expect(config.mount[1]).toEqual({ target: '/coffer/home/state', type: 'hostfs', source: './state' })
  expect(await read('occlum/launcher.c')).toContain('"--home", "/coffer/home"')
  expect(await read('occlum/build.sh')).toContain('\nmkdir -p image/coffer/home/state\nmkdir -m 0700 state\n')
})

const copies = z.array(z.strictObject({ files: z.array(z.string()).optional(), dirs: z.array(z.string()).optional() }))
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

/** Where bom.yaml puts each staged file or directory, in the image. */
async function placed(): Promise<string[]> {
  const bom = parseConfig(bomSchema, await read('occlum/bom.yaml'), 'bom.yaml')
  return bom.targets.flatMap(({ target, copy }) =>
    copy.flatMap(({ files = [], dirs = [] }) =>
      [...files, ...dirs].map((each) => `${target}/${each.split('/').at(-1)}`),
    ),
  )
}

const occlumSchema = z.object({
  entry_points: z.array(z.string()),
  env: z.object({ default: z.array(z.string()) }),
})
const occlum = async () => occlumSchema.parse(JSON.parse(await read('occlum/Occlum.json')))

test('the host can start the launcher and nothing else: Node and its program are at or below no entry point', async () => {
  const { entry_points: entries } = await occlum()
  expect(entries).toEqual(['/entry/launcher'])
  const files = await placed()
  const startable = files.filter((path) => entries.some((entry) => `${path}/`.startsWith(`${entry}/`)))
  expect(startable).toEqual(['/entry/launcher'])
  expect(files).toEqual(expect.arrayContaining(['/opt/coffer/node', '/coffer/aggregator.mjs']))
})

test('build.sh tells to start the entry point, and the READMEs do', async () => {
  const line = `occlum run ${(await occlum()).entry_points[0]}`
  const pages = ['occlum/build.sh', 'occlum/README.md', '../docs/operations-attestation.md']
  for (const page of pages) expect(await read(page), page).toContain(line)
})

test('launcher.c becomes what bom.yaml placed, on the home that it placed', async () => {
  const source = await read('occlum/launcher.c')
  const path = (name: string) => new RegExp(`^#define ${name} "(.*)"$`, 'm').exec(source)?.[1]
  const files = await placed()
  expect(files).toContain(path('COFFER_NODE'))
  expect(files).toContain(path('COFFER_PROGRAM'))
  const [, home] = /"--home", "(.*?)"/.exec(source) ?? []
  expect(files).toContain(`${home}/coffer.yaml`)
})

const gcc = spawnSync('gcc', ['--version']).status === 0

/** The launcher, with other paths: what Node sees there, it would see in the enclave. */
async function compile(place: string, node: string, program: string): Promise<string> {
  const flags = ['-std=c99', '-Wall', '-Wextra', '-Werror', '-fPIE', '-pie']
  const paths = [`-DCOFFER_NODE="${node}"`, `-DCOFFER_PROGRAM="${program}"`]
  await run('gcc', [...flags, ...paths, '-o', join(place, 'launcher'), join(deploy, 'occlum/launcher.c')])
  return join(place, 'launcher')
}

test('hostile arguments and variables do not reach Node through the launcher, and env.default does', async ({
  skip,
}) => {
  if (!gcc) skip('no gcc here to compile launcher.c with')
  const place = await directory()
  const { execPath } = process
  const probe = 'console.log(JSON.stringify([process.execArgv, process.argv, process.env]))'
  await put(place, { 'probe.mjs': probe })
  const code = 'console.log("the host runs code")'
  const url = (text: string) => `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`
  const argv = ['--import', url(code), '-e', code]
  const env = { NODE_OPTIONS: `--import ${url(`${code};`)}`, NODE_ENV: 'hostile', PATH: '/host' }
  const without = await run(execPath, argv, { env })
  expect(without.stdout).toBe('the host runs code\n'.repeat(3))

  const launcher = await compile(place, execPath, join(place, 'probe.mjs'))
  const { stdout } = await run(launcher, argv, { env })
  const variables = (await occlum()).env.default.map((each) => each.split('='))
  const seen = [[], [execPath, join(place, 'probe.mjs'), '--home', '/coffer/home'], Object.fromEntries(variables)]
  expect(JSON.parse(stdout)).toEqual(seen)
})

test('a launcher that finds no Node says so and fails', async ({ skip }) => {
  if (!gcc) skip('no gcc here to compile launcher.c with')
  const place = await directory()
  const started = spawnSync(await compile(place, join(place, 'absent'), 'none.mjs'), ['-e', '1'], { encoding: 'utf8' })
  const stderr = `launcher: ${join(place, 'absent')} cannot be started\n`
  expect(started).toMatchObject({ status: 127, stdout: '', stderr })
})

/** Everything that build.sh asks for, and stand-ins for the two programs of Occlum. */
async function buildPlace(home: string) {
  const place = await directory()
  const elf = Uint8Array.of(...Buffer.from('\x7fELF'), ...new Uint8Array(12), 3, 0, 62, 0)
  const modules = { 'koffi/package.json': '{}', '@koromix/koffi-linux-x64/package.json': '{}' }
  await put(place, { node: elf, key: 'key', bundle: '//' })
  await put(join(place, 'node_modules'), modules)
  const stand = '#!/bin/sh\n[ "$1" != new ] || mkdir instance\n[ "$1" != print ] || echo "$2 of a stand-in"\n'
  await put(join(place, 'bin'), { occlum: stand, copy_bom: '#!/bin/sh\n' })
  for (const name of ['occlum', 'copy_bom']) await chmod(join(place, 'bin', name), 0o755)
  const argv = [join(place, 'bundle'), home, ...['node', 'node_modules', 'key'].map((each) => join(place, each))]
  return { place, argv }
}

test('build.sh compiles the launcher, position-independent and with a dynamic linker', async ({ skip }) => {
  if (!gcc) skip('no gcc here to compile launcher.c with')
  await using home = await createHome({ signed: bySigner() })
  const { place, argv } = await buildPlace(home.path)
  const env = { PATH: `${join(place, 'bin')}:${process.env.PATH}` }
  const { stdout } = await run('bash', [join(deploy, 'occlum/build.sh'), ...argv], { cwd: place, env })
  expect(stdout).toContain('occlum run /entry/launcher\n')
  const launcher = await readFile(join(place, 'occlum-build/stage/launcher'))
  expect(launcher.readUInt16LE(16)).toBe(3)
  const text = launcher.toString('latin1')
  for (const needed of ['/opt/coffer/node', '/coffer/aggregator.mjs', '--home', '/coffer/home', '/ld-']) {
    expect(text).toContain(needed)
  }
})

test('build.sh refuses where there is no compiler', async () => {
  await using home = await createHome({ signed: bySigner() })
  const { place, argv } = await buildPlace(home.path)
  for (const tool of ['bash', 'dirname', 'grep', 'od', 'tr']) {
    const { stdout } = await run('bash', ['-c', `command -v ${tool}`])
    await symlink(stdout.trim(), join(place, 'bin', tool))
  }
  const refused = await shell('occlum/build.sh', argv, { PATH: join(place, 'bin') })
  expect(refused.code).toBe(2)
  expect(refused.out).toContain('there is no gcc to compile launcher.c with')
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
