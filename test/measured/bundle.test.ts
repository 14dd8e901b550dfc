/** The one file: what is in it, that it is the same wherever it is built, and that it starts with nothing beside it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { bundleMeasured, type MeasuredBundle } from '../../scripts/measured-bundle.ts'
import { createEngine } from '../../src/aggregator/engine/index.ts'
import { checkSession, keyReportData, parseQuote, rootsDigest } from '../../src/attestation/index.ts'
import { toHex } from '../../src/crypto/index.ts'
import { policyDigest } from '../../src/job/index.ts'
import { aggregationService, type Appraiser, grpcNetwork } from '../../src/rpc/index.ts'
import { createSimulatedPlatform, SIMULATOR_MARK } from '../../src/tee/simulator/index.ts'
import { createCore, engineSpec } from '../aggregator/engine-bench.ts'
import { configOf, createHome, type TestHome } from './homes.ts'

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
let directory: string
let bundle: MeasuredBundle
let text: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'coffer-bundle-'))
  bundle = await bundleMeasured(root)
  text = Buffer.from(bundle.code).toString('utf8')
})
afterAll(() => rm(directory, { recursive: true, force: true }))

/** Every package that may be measured. A new one is a decision: docs/dependencies.md says which are, and why. */
const packages = [
  ...['@grpc/grpc-js', '@grpc/proto-loader', '@grpc/reflection', 'grpc-health-check', '@js-sdsl/ordered-map'],
  ...['protobufjs', '@protobufjs', 'long', 'lodash.camelcase'],
  ...['yaml', 'zod'],
]
const rooms = [
  ...['measured', 'aggregator', 'attestation', 'crypto', 'errors', 'gen', 'job', 'learning', 'ledger', 'round'],
  ...['rpc', 'tee', 'timeouts', 'update'],
]

describe('the bundle holds', () => {
  test('the packages that are listed, and the rooms of the aggregator', () => {
    const inputs = [...bundle.inputs.keys()]
    console.info(`measured bundle: ${bundle.code.length} bytes of ${inputs.length} files`)
    const strange = inputs.filter((path) => {
      const [top, name = ''] = path.split('/')
      if (top === 'src') return !rooms.includes(name)
      return !packages.some((each) => path.startsWith(`node_modules/${each}/`))
    })
    expect(strange).toEqual([])
    expect(inputs.length).toBeGreaterThan(100)
    expect(bundle.code.length).toBeLessThan(4 * 1024 * 1024)
  })

  test('of our own dependencies those that docs/dependencies.md marks as measured', async () => {
    const page = await readFile(join(root, 'docs/dependencies.md'), 'utf8')
    const rows = [...page.matchAll(/^\| `([^`]+)` \|.*$/gm)]
    const marked = rows.filter(([row]) => /\*measured\*/i.test(row)).map(([, name]) => name)
    const inside = rows.filter(([, name]) =>
      [...bundle.inputs.keys()].some((each) => each.startsWith(`node_modules/${name}/`)),
    )
    expect(marked.length).toBeGreaterThan(3)
    expect(marked).toEqual(inside.map(([, name]) => name))
  })

  test.each([
    ['the simulated TEE', SIMULATOR_MARK, 'src/tee/simulator/signing-key.ts', /^src\/tee\/simulator\//],
    ['TensorFlow', '@tensorflow/', 'parties/trainers/tensorflow.ts', /tensorflow/],
    ['a query builder', 'kysely', 'src/store/schema.ts', /kysely/],
    ['a database', 'duckdb', 'parties/data/source.ts', /duckdb|sqlite|node_modules\/pg\//],
    ['the command line', 'CLI_VERB_UNKNOWN', 'src/cli/errors.ts', /^src\/cli\//],
    ['the coordinator', 'RUN_AMBIGUOUS', 'src/coordinator/errors.ts', /^src\/(?:coordinator|store)\//],
    ['the party agent', 'DATA_FILE_MISSING', 'parties/errors.ts', /^parties\//],
  ])('not %s', async (_name, mark, source, path) => {
    // A mark that nothing bears any more would prove nothing.
    expect(await readFile(join(root, source), 'utf8')).toContain(mark)
    expect(text.includes(mark)).toBe(false)
    expect([...bundle.inputs.keys()].filter((input) => path.test(input))).toEqual([])
  })

  test.each([
    ['a path of this machine', root],
    ['the home of this user', `${homedir()}/`],
    ['a directory of this machine', tmpdir() === '/tmp' ? '/tmp/coffer' : tmpdir()],
  ])('not %s', (_name, mark) => {
    expect(mark.length).toBeGreaterThan(3)
    expect(text.includes(mark)).toBe(false)
    expect([...bundle.inputs.keys()].filter((input) => /^(?:\.\.|\/|~|tmp)/.test(input))).toEqual([])
  })

  test("nothing outside but Node's own modules, and koffi where Occlum is", () => {
    const imported = [...text.matchAll(/^import .*?["']([^"'\n]+)["'];?$/gm)].map(([, name = '']) => name)
    const required = [...text.matchAll(/(?<![.\w])(?:__)?require\("([^"\n]+)"\)/g)].map(([, name = '']) => name)
    const called = [...text.matchAll(/\bimport\("([^"\n]+)"\)/g)].map(([, name = '']) => name)
    expect(imported).toContain('node:crypto')
    expect(required).toContain('http2')
    const foreign = [...imported, ...required].filter((name) => !builtinModules.includes(name.replace(/^node:/, '')))
    expect(foreign).toEqual([])
    expect([...new Set(called)]).toEqual(['koffi'])
  })

  test('the environment for nobody of ours', () => {
    const ours = text.split('\n// ').filter((part) => part.startsWith('src/'))
    expect(ours.length).toBeGreaterThan(50)
    expect(ours.filter((part) => /\bprocess\.env\b/.test(part)).map((part) => part.split('\n')[0])).toEqual([])
  })
})

describe('a build', () => {
  test('gives the same bytes in every folder', async () => {
    const digests = await Promise.all(
      ['one', 'elsewhere/with a longer name'].map((name) => buildIn(join(directory, name))),
    )
    expect(digests).toEqual([sha256(bundle.code), sha256(bundle.code)])
  })

  test('fails when a package opens its proto file in another way', async () => {
    const copy = join(directory, 'changed')
    await copySources(copy, async (modules) => {
      await mkdir(modules)
      for (const name of await readdir(join(root, 'node_modules'))) {
        if (name !== 'grpc-health-check') await symlink(join(root, 'node_modules', name), join(modules, name))
      }
      await cp(join(root, 'node_modules/grpc-health-check'), join(modules, 'grpc-health-check'), { recursive: true })
      const file = join(modules, 'grpc-health-check/build/src/health.js')
      await writeFile(
        file,
        (await readFile(file, 'utf8')).replace("'health/v1/health.proto'", "'health/v2/health.proto'"),
      )
    })
    await expect(bundleMeasured(copy)).rejects.toThrow('does not load grpc-health-check/proto/health/v1/health.proto')
  })
})

async function copySources(target: string, link: (modules: string) => Promise<void>): Promise<void> {
  await mkdir(target, { recursive: true })
  for (const name of ['src', 'scripts', 'proto', 'package.json', 'tsconfig.json']) {
    await cp(join(root, name), join(target, name), { recursive: true })
  }
  await link(join(target, 'node_modules'))
}

async function buildIn(target: string): Promise<string> {
  await copySources(target, (modules) => symlink(join(root, 'node_modules'), modules))
  const argv = ['--import', join(root, 'node_modules/tsx/dist/loader.mjs'), 'scripts/bundle.ts']
  await promisify(execFile)(process.execPath, argv, { cwd: target })
  return sha256(await readFile(join(target, 'dist/aggregator.mjs')))
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/**
 * /dev/attestation of Gramine for a child process: Node's own functions are changed before the program is loaded, so
 * that the program itself needs no door for tests. Each quote is the template over the report data that was written
 * last.
 */
const gramine = (place: string): string => `
import fs from 'node:fs/promises'
import { readFileSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
const place = ${JSON.stringify(place)}
const { open, stat } = fs
const real = (path) => (String(path).startsWith('/dev/attestation') ? place + String(path).slice(16) : path)
fs.stat = (path, ...more) => stat(real(path), ...more)
fs.open = (path, ...more) => {
  if (path === '/dev/attestation/quote') {
    const quote = readFileSync(place + '/template')
    readFileSync(place + '/user_report_data').copy(quote, 48 + 320)
    writeFileSync(place + '/quote', quote)
  }
  return open(real(path), ...more)
}
syncBuiltinESMExports()
`

async function fakeGramine(): Promise<string> {
  const place = await mkdtemp(join(directory, 'gramine-'))
  const platform = createSimulatedPlatform({ seed: 'bundle', now: new Date('2026-07-01'), tee: 'sgx-v3' })
  await writeFile(join(place, 'attestation_type'), 'dcap')
  await writeFile(join(place, 'user_report_data'), Buffer.alloc(64))
  await writeFile(join(place, 'template'), platform.quote({ reportData: new Uint8Array(64) }))
  await writeFile(join(place, 'preload.mjs'), gramine(place))
  return join(place, 'preload.mjs')
}

/** The bundle alone in a directory of its own, as a process without environment. */
async function start(home: TestHome, flags: readonly string[] = []): Promise<ChildProcess> {
  const file = join(await mkdtemp(join(directory, 'alone-')), 'aggregator.mjs')
  await writeFile(file, bundle.code)
  const options = { cwd: dirname(file), env: {}, stdio: ['ignore', 'pipe', 'pipe'] as const }
  const child = spawn(process.execPath, [...flags, file, '--home', home.path], {
    ...options,
    stdio: [...options.stdio],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

const ended = (child: ChildProcess): Promise<number | null> => new Promise((done) => child.on('exit', done))

async function firstLine(child: ChildProcess): Promise<Record<string, unknown>> {
  if (child.stdout === null || child.stderr === null) throw new Error('no output')
  let said = ''
  child.stderr.on('data', (data) => {
    said += String(data)
  })
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line)
  throw new Error(`it ended without a line: ${said}`)
}

/** As a party connects, but for the judgement of the quote: the fake has no key to sign with. */
async function attest({ authority, signed }: TestHome, address: string): Promise<void> {
  const policy = { digest: policyDigest(signed.policy), version: signed.policy.version }
  const roots = { rootsDigest: rootsDigest(authority.rootPem) }
  const expected = {
    role: 'aggregator',
    federation: signed.policy.federation,
    run: '',
    jobDigest: '',
    policy,
    ...roots,
  }
  let judged = false
  const appraiser: Appraiser = {
    async appraise(answer, session) {
      checkSession(answer, { ...expected, session, now: new Date() })
      expect(parseQuote(answer.quote).body.reportData).toBe(toHex(keyReportData(answer.statement)))
      judged = true
    },
  }
  const identity = await authority.issue('party', 'bank-a')
  await using connection = grpcNetwork.connect({ address, identity, role: 'aggregator', appraiser })
  await connection.reach({ signal: AbortSignal.timeout(10_000), deadlineMs: 10_000 })
  expect(judged).toBe(true)
}

describe('the file alone', () => {
  test('attests itself to a party, serves a coordinator over mTLS, and drains at a signal', async () => {
    await using home = await createHome({ config: configOf({ tee: 'gramine' }) })
    const child = await start(home, ['--import', await fakeGramine()])
    const end = ended(child)
    const ready = await firstLine(child)
    expect(ready).toMatchObject({
      ready: true,
      tee: 'SGX by Gramine',
      program: { bytes: bundle.code.length, sha256: sha256(bundle.code) },
    })
    await attest(home, String(ready.address))
    const identity = await home.authority.issue('coordinator', 'coordinator')
    const connection = grpcNetwork.connect({ address: String(ready.address), identity, role: 'aggregator' })
    const call = { signal: AbortSignal.timeout(10_000), deadlineMs: 10_000 }
    await connection.reach(call)
    const status = await connection.client(aggregationService).getAggregationStatus({}, call)
    expect(status).toMatchObject({ activeRuns: 0 })
    await connection[Symbol.asyncDispose]()
    child.kill('SIGTERM')
    expect(await end).toBe(0)
  })

  test('is the engine where it is started as the thread of one', async () => {
    const file = join(await mkdtemp(join(directory, 'thread-')), 'aggregator.mjs')
    await writeFile(file, bundle.code)
    await using engine = await createEngine({ spec: engineSpec() }, pathToFileURL(file))
    expect(engine.stateDigest).toEqual(createCore().standing.stateDigest)
    await engine.open({ round: 1, task: 'train' })
  })

  test('does not serve without a TEE', async () => {
    await using home = await createHome({ config: configOf({ tee: 'gramine' }) })
    const child = await start(home)
    const end = ended(child)
    await expect(firstLine(child)).rejects.toThrow('TEE_NOT_FOUND')
    expect(await end).toBe(1)
  })
})
