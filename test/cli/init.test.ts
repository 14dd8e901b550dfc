import { X509Certificate } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { parsePartyPolicy } from '../../src/job/index.ts'
import { coffer, createDirectory, jsonLine } from './support.ts'

let cwd = ''
beforeEach(async () => {
  const directory = await createDirectory()
  cwd = directory.path
  onTestFinished(() => directory[Symbol.asyncDispose]())
})

const at = (...parts: string[]) => join(cwd, ...parts)
const run = (words: string) => coffer(words, { cwd })
const modeOf = async (...parts: string[]) => (await stat(at(...parts))).mode & 0o777

async function federation() {
  const made = await run('init federation demo')
  expect(made).toMatchObject({ code: 0, err: '' })
  return made
}

describe('init federation', () => {
  test('makes the root and three homes; keys and directories are private', async () => {
    const { out } = await federation()
    expect(out).toContain('made federation demo')
    expect((await readdir(at('.coffer'))).sort()).toEqual(
      ['aggregator', 'coordinator', 'federation.yaml', 'root.key.pem', 'root.pem', 'users'].sort(),
    )
    for (const home of ['coordinator', 'aggregator', 'users/admin']) {
      expect((await readdir(at('.coffer', home))).sort()).toEqual([
        'certificate.pem',
        'coffer.yaml',
        'key.pem',
        'roots.pem',
      ])
      expect(await modeOf('.coffer', home, 'key.pem')).toBe(0o600)
      expect(await modeOf('.coffer', home)).toBe(0o700)
    }
    expect(await modeOf('.coffer', 'root.key.pem')).toBe(0o600)
    expect(await modeOf('.coffer')).toBe(0o700)
    expect((await readdir(cwd)).sort()).toEqual(['.coffer'])
  })

  test('addresses go to where they are dialled and listened at', async () => {
    await run('init federation north --home n --coordinator fl.example.org:7400 --aggregator 127.0.0.1:9')
    const coordinator = await readFile(at('n/coordinator/coffer.yaml'), 'utf8')
    expect(coordinator).toContain("listen: '0.0.0.0:7400'")
    expect(coordinator).toContain("aggregator: '127.0.0.1:9'")
    expect(await readFile(at('n/users/admin/coffer.yaml'), 'utf8')).toContain("coordinator: 'fl.example.org:7400'")
    const certificate = new X509Certificate(await readFile(at('n/coordinator/certificate.pem')))
    expect(certificate.subjectAltName).toContain('spiffe://north/coordinator/coordinator')
    expect(certificate.subjectAltName).toContain('DNS:fl.example.org')
  })

  test('--json says what was made', async () => {
    const { out } = await run('init federation demo --json')
    expect(jsonLine(out)).toMatchObject({ federation: 'demo', home: at('.coffer'), coordinator: '127.0.0.1:7400' })
  })

  test('refuses to write over anything, and bad names, addresses and days', async () => {
    await federation()
    const before = await readFile(at('.coffer/root.pem'), 'utf8')
    const again = await run('init federation demo --json')
    expect(again.code).toBe(2)
    expect(jsonLine(again.out)).toMatchObject({ error: { code: 'CLI_FILE_EXISTS' } })
    expect(await readFile(at('.coffer/root.pem'), 'utf8')).toBe(before)
    for (const words of [
      'Demo',
      'demo --coordinator localhost',
      'demo --aggregator a:0',
      'demo --days 0',
      'demo --coordinator a:70000',
    ]) {
      const refused = await run(`init federation ${words} --home other --json`)
      expect(refused.code).toBe(2)
      expect(jsonLine(refused.out)).toMatchObject({ error: { code: 'CLI_ARGUMENT_INVALID' } })
    }
  })

  test('a place that cannot be written is an error, and leaves no draft', async () => {
    await writeFile(at('file'), '')
    const { code, out } = await run('init federation demo --home file/home --json')
    expect(code).toBe(2)
    expect(jsonLine(out)).toMatchObject({ error: { code: expect.stringMatching(/^CLI_FILE_/) } })
    expect(await readdir(cwd)).toEqual(['file'])
  })
})

describe('init party on one machine', () => {
  test('makes a signed home with a policy that can be read, its data relative where it lies inside', async () => {
    await federation()
    await writeFile(at('bank-a.csv'), 'id,label\n')
    const { code, out } = await run('init party bank-a --federation .coffer --data loans=bank-a.csv')
    expect(code).toBe(0)
    expect(out).toContain('made party bank-a of federation demo')
    const home = at('.coffer/parties/bank-a')
    expect(await modeOf('.coffer/parties/bank-a/key.pem')).toBe(0o600)
    const policy = parsePartyPolicy(await readFile(join(home, 'policy.yaml'), 'utf8'))
    expect(policy).toMatchObject({ datasets: { loans: { columns: '*', minimumRows: 100 } }, summations: ['tee'] })
    expect(await readFile(join(home, 'coffer.yaml'), 'utf8')).toContain(`loans: ${JSON.stringify(at('bank-a.csv'))}`)
    await mkdir(at('b'))
    expect(out).toContain(`next: look at ${join(home, 'policy.yaml')}, then coffer party`)
    const empty = await run('init party bank-b --federation .coffer --home c')
    expect(empty.code).toBe(0)
    expect(empty.out).toContain(`next: add a dataset to ${at('c/coffer.yaml')} and ${at('c/policy.yaml')} (without one`)
    expect(parsePartyPolicy(await readFile(at('c/policy.yaml'), 'utf8')).datasets).toEqual({})
  })

  test.each([
    ['', 'CLI_ARGUMENT_INVALID'],
    ['--federation nowhere', 'CLI_FILE_UNREADABLE'],
    ['--federation .coffer --data loans=missing.csv', 'CLI_FILE_UNREADABLE'],
    ['--federation .coffer --data loans', 'CLI_ARGUMENT_INVALID'],
    ['--federation .coffer --data Loans=root.pem', 'CLI_ARGUMENT_INVALID'],
    ['--federation .coffer --data a=.coffer/root.pem --data a=.coffer/root.pem', 'CLI_ARGUMENT_INVALID'],
    ['--federation .coffer --roots r.pem', 'CLI_ARGUMENT_INVALID'],
    ['--request --certificate c.pem --roots r.pem', 'CLI_ARGUMENT_INVALID'],
    ['--certificate c.pem', 'CLI_ARGUMENT_INVALID'],
  ])('refuses %s', async (options, code) => {
    await federation()
    const refused = await run(`init party bank-a ${options} --json`)
    expect(refused.code).toBe(2)
    expect(jsonLine(refused.out)).toMatchObject({ error: { code } })
  })

  test('a root key that others can read is not used', async () => {
    await federation()
    await chmod(at('.coffer/root.key.pem'), 0o644)
    const { code, out } = await run('init party bank-a --federation .coffer --json')
    expect(code).toBe(2)
    expect(jsonLine(out)).toMatchObject({ error: { code: 'CLI_KEY_EXPOSED' } })
  })
})

describe('init party in two steps', () => {
  async function request() {
    await federation()
    const made = await run('init party bank-a --request --federation .coffer/federation.yaml --home a --json')
    expect(made.code).toBe(0)
    return jsonLine(made.out)
  }
  const sign = (options = '--name bank-a --out a.pem') =>
    run(`init sign a/request.csr --federation .coffer ${options} --json`)
  const install = (options = '--certificate a.pem --roots .coffer/root.pem', name = 'bank-a') =>
    run(`init party ${name} ${options} --home a --json`)

  test('only the request and the certificate travel; both sides see the same fingerprint', async () => {
    const asked = await request()
    expect((await readdir(at('a'))).sort()).toEqual(['coffer.yaml', 'key.pem', 'policy.yaml', 'request.csr'])
    const signed = await sign()
    expect(signed.code).toBe(0)
    const { keyFingerprint } = Object(asked)
    expect(keyFingerprint).toMatch(/^([0-9a-f]{4} ){15}[0-9a-f]{4}$/)
    expect(jsonLine(signed.out)).toMatchObject({ party: 'bank-a', keyFingerprint })
    expect(await install()).toMatchObject({ code: 0 })
    expect((await readdir(at('a'))).sort()).toEqual(
      ['certificate.pem', 'coffer.yaml', 'key.pem', 'policy.yaml', 'request.csr', 'roots.pem'].sort(),
    )
    expect(await install()).toMatchObject({ code: 2, out: expect.stringContaining('CLI_FILE_EXISTS') })
  })

  test('the holder of the root names whom it signs: a request of another name is refused', async () => {
    await request()
    const other = await sign('--name bank-b --out b.pem')
    expect(other.code).toBe(1)
    expect(jsonLine(other.out)).toMatchObject({ error: { code: 'IDENTITY_REQUEST_UNEXPECTED' } })
    for (const options of ['--out a.pem', '--name bank-a', '--name bank-a --out a.pem --days 99999']) {
      expect(jsonLine((await sign(options)).out)).toMatchObject({ error: { code: 'CLI_ARGUMENT_INVALID' } })
    }
    expect((await readdir(cwd)).sort()).toEqual(['.coffer', 'a'])
  })

  test('a signed certificate does not replace a file', async () => {
    await request()
    await writeFile(at('a.pem'), 'mine')
    expect(jsonLine((await sign()).out)).toMatchObject({ error: { code: 'CLI_FILE_EXISTS' } })
    expect(await readFile(at('a.pem'), 'utf8')).toBe('mine')
  })

  test("a certificate of somebody else, or of another federation, does not enter the party's home", async () => {
    await request()
    await sign()
    await run('init federation demo --home twin')
    const foreign = await install('--certificate a.pem --roots twin/root.pem')
    expect(foreign.code).toBe(2)
    expect(jsonLine(foreign.out)).toMatchObject({
      error: { code: 'CLI_IDENTITY_UNUSABLE', message: expect.stringContaining('of another federation?') },
    })
    const wrong = await install('--certificate .coffer/users/admin/certificate.pem --roots .coffer/root.pem')
    expect(jsonLine(wrong.out)).toMatchObject({
      error: { message: expect.stringContaining('spiffe://demo/user/admin') },
    })
    expect(jsonLine((await install(undefined, 'bank-b')).out)).toMatchObject({
      error: { code: 'CLI_ARGUMENT_INVALID' },
    })
    expect(await readdir(at('a'))).not.toContain('certificate.pem')
  })
})
