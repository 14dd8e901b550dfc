import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { coffer, createDirectory, createFakeNetwork, jsonLine, NOW } from './support.ts'

let cwd = ''
let dispose: () => PromiseLike<void> = async () => undefined
beforeAll(async () => {
  const directory = await createDirectory()
  cwd = directory.path
  dispose = () => directory[Symbol.asyncDispose]()
  await coffer('init federation demo --days 30', { cwd })
  await coffer('init party bank-a --federation .coffer', { cwd })
  await coffer('init party bank-b --federation .coffer', { cwd })
})
afterAll(() => dispose())

const network = createFakeNetwork({ listRuns: async () => ({ runs: [] }) })
const list = async (home: string, now = NOW) => {
  const { code, out, err } = await coffer(`run list --json --home ${home}`, { cwd, network, now: () => now })
  return { code, err, result: jsonLine(out) }
}

/** A copy of the user's home with one file changed. */
async function broken(name: string, file: string, change: (text: string) => string): Promise<string> {
  const home = join(cwd, name)
  await cp(join(cwd, '.coffer/users/admin'), home, { recursive: true })
  await writeFile(join(home, file), change(await readFile(join(home, file), 'utf8')))
  return home
}

test('a federation home stands for its user; the home itself, COFFER_HOME and ./.coffer work alike', async () => {
  expect(await list('.coffer')).toMatchObject({ code: 0, result: { runs: [] } })
  expect(await list('.coffer/users/admin')).toMatchObject({ code: 0 })
  expect(await coffer('run list', { cwd, network })).toMatchObject({ code: 0, out: 'no runs yet\n' })
  expect(await coffer('run list', { cwd: '/', network, env: { COFFER_HOME: join(cwd, '.coffer') } })).toMatchObject({
    code: 0,
  })
})

test('--coordinator dials another address, and must be one', async () => {
  const dialled = createFakeNetwork({ listRuns: async () => ({ runs: [] }) })
  await coffer('run list --coordinator [::1]:7', { cwd, network: dialled })
  await coffer('run list', { cwd, network: dialled })
  expect(dialled.dialled).toEqual(['[::1]:7', '127.0.0.1:7400'])
  expect(await coffer('run list --coordinator nonsense', { cwd, network })).toMatchObject({ code: 2 })
})

test('no home, several homes, and a home of another role', async () => {
  expect(await list('nowhere')).toMatchObject({ code: 2, result: { error: { code: 'CLI_HOME_MISSING' } } })
  const party = await coffer('party --json', { cwd, network })
  expect(party.code).toBe(2)
  expect(jsonLine(party.out)).toMatchObject({
    error: { code: 'CLI_HOME_MISSING', message: expect.stringContaining('parties/bank-b') },
  })
  const role = await list('.coffer/coordinator')
  expect(role).toMatchObject({ code: 2, result: { error: { code: 'CLI_HOME_ROLE' } } })
})

test('unknown keys are refused with a suggestion, wrong values with what is expected', async () => {
  const misspelt = await list(
    await broken('misspelt', 'coffer.yaml', (text) => text.replace('coordinator:', 'cordinator:')),
  )
  expect(misspelt.code).toBe(2)
  expect(JSON.stringify(misspelt.result)).toContain("did you mean 'coordinator'")
  const address = await list(await broken('address', 'coffer.yaml', (text) => text.replace(':7400', ':99999')))
  expect(JSON.stringify(address.result)).toContain('an address HOST:PORT')
  const role = await list(await broken('role', 'coffer.yaml', (text) => text.replace('role: user', 'role: usr')))
  expect(role.code).toBe(2)
})

test('a key that others can read is refused; one that the group can read is remarked on', async () => {
  const home = await broken('keys', 'key.pem', (text) => text)
  await chmod(join(home, 'key.pem'), 0o604)
  expect(await list(home)).toMatchObject({ code: 2, result: { error: { code: 'CLI_KEY_EXPOSED' } } })
  await chmod(join(home, 'key.pem'), 0o640)
  expect(await list(home)).toMatchObject({ code: 0, err: expect.stringContaining('warning: the group can read') })
  await chmod(join(home, 'key.pem'), 0o600)
  expect(await list(home)).toMatchObject({ code: 0, err: '' })
})

test('certificate, key, roots, name and dates must fit together', async () => {
  const root = await readFile(join(cwd, '.coffer/root.pem'), 'utf8')
  const other = await readFile(join(cwd, '.coffer/coordinator/key.pem'), 'utf8')
  const homes = {
    'is not the key of': await broken('key', 'key.pem', () => other),
    'not a private key': await broken('nokey', 'key.pem', () => 'nothing'),
    'is not a certificate': await broken('nocert', 'certificate.pem', () => 'nothing'),
    'holds no certificate': await broken('noroots', 'roots.pem', () => ''),
    'expected spiffe://demo/user/bob': await broken('name', 'coffer.yaml', (text) => text.replace('admin', 'bob')),
    'the certificate names spiffe://demo,': await broken('root', 'certificate.pem', () => root),
  }
  for (const [message, home] of Object.entries(homes)) {
    const { code, result } = await list(home)
    expect([message, code]).toEqual([message, 2])
    expect(result).toMatchObject({
      error: { code: 'CLI_IDENTITY_UNUSABLE', message: expect.stringContaining(message) },
    })
  }
  const late = await list('.coffer', NOW + 31 * 86_400_000)
  expect(late).toMatchObject({
    code: 2,
    result: { error: { message: expect.stringContaining('expired on 2026-06-16') } },
  })
  const early = await list('.coffer', NOW - 86_400_000)
  expect(early).toMatchObject({ result: { error: { message: expect.stringContaining('valid from') } } })
})

test('a file that is missing, a directory, or far too large is named', async () => {
  const home = join(cwd, 'partial')
  await mkdir(home)
  await cp(join(cwd, '.coffer/users/admin/coffer.yaml'), join(home, 'coffer.yaml'))
  expect(await list(home)).toMatchObject({ code: 2, result: { error: { code: 'CLI_FILE_UNREADABLE' } } })
  const large = join(cwd, 'large.yaml')
  await writeFile(large, ' '.repeat(5_000_000))
  const { code, out } = await coffer(`job check ${large} --json`, { cwd })
  expect(code).toBe(2)
  expect(jsonLine(out)).toMatchObject({
    error: { code: 'CLI_FILE_UNREADABLE', message: expect.stringContaining('5000000 bytes') },
  })
})
