/** Making and signing an attestation policy, as the people of three banks do. */
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, test } from 'vitest'
import { policyWarnings } from '../../src/cli/policy/warnings.ts'
import { type AttestationPolicy, parseSignedPolicy, policyDigest, signedPolicyText } from '../../src/job/index.ts'
import { policy, sgx, signedBy, simulatedRootPem, simulation } from '../job/attestation-policies.ts'
import { coffer, jsonLine } from './support.ts'

const root = mkdtempSync(join(tmpdir(), 'coffer-policy-'))
const example = fileURLToPath(new URL('../../deploy/policy.example.yaml', import.meta.url))
const banks = ['bank-a', 'bank-b', 'bank-c']

/** The banks' keys and the example, in a directory of its own; `run` is a command line in it. */
async function workshop() {
  const cwd = mkdtempSync(join(root, 'at-'))
  const run = (words: string) => coffer(words, { cwd })
  for (const bank of banks) expect((await run(`policy key --organisation ${bank} --out .`)).code).toBe(0)
  copyFileSync(example, join(cwd, 'policy.yaml'))
  const read = (file: string) => readFileSync(join(cwd, file), 'utf8')
  const write = (file: string, text: string) => writeFileSync(join(cwd, file), text)
  const edit = (change: (text: string) => string) => write('policy.yaml', change(read('policy.yaml')))
  const sign = (bank: string, file = 'attestation-policy.json') =>
    run(`policy sign ${file} --organisation ${bank} --key ${bank}.key.pem`)
  return { cwd, run, read, write, edit, sign }
}
type Workshop = Awaited<ReturnType<typeof workshop>>

/** The policy of the example, signed by these banks. */
async function made(...signers: string[]): Promise<Workshop> {
  const shop = await workshop()
  expect(await shop.run('policy new policy.yaml')).toMatchObject({ code: 0, err: '' })
  for (const bank of signers) expect(await shop.sign(bank)).toMatchObject({ code: 0, err: '' })
  return shop
}

describe('policy key', () => {
  it('makes a key pair that only its owner can read, and says what to compare', async () => {
    const shop = await workshop()
    expect(statSync(join(shop.cwd, 'bank-a.key.pem')).mode & 0o777).toBe(0o600)
    expect(shop.read('bank-a.key.pem')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    expect(shop.read('bank-a.pub.pem')).toMatch(/^-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA/)
    const { code, out } = await shop.run('policy key --organisation bank-d --out keys/new --json')
    expect(code).toBe(0)
    expect(jsonLine(out)).toEqual({
      organisation: 'bank-d',
      key: join(shop.cwd, 'keys/new/bank-d.key.pem'),
      publicKey: join(shop.cwd, 'keys/new/bank-d.pub.pem'),
      keyFingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  it('writes over neither half of an older pair', async () => {
    const shop = await workshop()
    const before = shop.read('bank-a.key.pem')
    for (const missing of ['bank-a.key.pem', 'bank-a.pub.pem']) {
      const cwd = mkdtempSync(join(root, 'half-'))
      writeFileSync(join(cwd, missing), before)
      const { code, err } = await coffer('policy key --organisation bank-a --out .', { cwd })
      expect(code).toBe(2)
      expect(err).toContain('code: CLI_FILE_EXISTS')
      expect(readdirSync(cwd)).toEqual([missing])
    }
  })

  it.each([
    ['--organisation Bank --out .', 'the name of the organisation is "Bank"'],
    ['--organisation bank-a', '--out is missing'],
    ['--out .', '--organisation is missing'],
  ])('refuses %s', async (options, message) => {
    const { code, err } = await coffer(`policy key ${options}`, { cwd: root })
    expect(code).toBe(2)
    expect(err).toContain('code: CLI_ARGUMENT_INVALID')
    expect(err).toContain(message)
  })

  it('says so when it cannot write', async () => {
    writeFileSync(join(root, 'file'), '')
    const { code, err } = await coffer('policy key --organisation bank-a --out file/keys', { cwd: root })
    expect(code).toBe(1)
    expect(err).toContain('code: CLI_FILE_UNWRITABLE')
  })
})

describe('policy new', () => {
  it('makes the example a policy that nobody has signed', async () => {
    const shop = await made()
    const { policy: found, signatures } = parseSignedPolicy(shop.read('attestation-policy.json'), 'policy')
    expect(signatures).toEqual([])
    expect(found).toMatchObject({ federation: 'north', version: 1, purpose: 'production', threshold: 2 })
    expect(found.organisations['bank-b']).toBe(shop.read('bank-b.pub.pem'))
    expect(found.roots).toEqual(policy.roots)
    expect(found.roles.aggregator.programs.map(({ tee }) => tee)).toEqual(['tdx', 'sgx'])
    expect(policyWarnings(found)).toEqual([])
  })

  it('takes PEM in the text, PEM with other line ends, and roots from files', async () => {
    const shop = await workshop()
    shop.write('bank-b.pub.pem', shop.read('bank-b.pub.pem').replaceAll('\n', '\r\n'))
    shop.write('root.pem', simulatedRootPem)
    const inline = shop.read('bank-a.pub.pem').trimEnd().replaceAll('\n', '\n    ')
    shop.edit((text) =>
      text
        .replace('bank-a: bank-a.pub.pem', `bank-a: |\n    ${inline}`)
        .replace('- intel', '- root.pem')
        .replace('purpose: production', 'purpose: simulation'),
    )
    const { code, out } = await shop.run('policy new policy.yaml --out simulated.json')
    expect(code).toBe(0)
    expect(out).toMatch(/^SIMULATED: /)
    const { policy: found } = parseSignedPolicy(shop.read('simulated.json'), 'policy')
    expect(found.roots).toEqual([simulatedRootPem])
    expect(Object.values(found.organisations)).toEqual([
      shop.read('bank-a.pub.pem'),
      shop.read('bank-b.pub.pem').replaceAll('\r', ''),
      shop.read('bank-c.pub.pem'),
    ])
  })

  it('takes version, organisations and threshold from the policy before', async () => {
    const shop = await made('bank-a', 'bank-b')
    shop.edit((text) => text.replace(/organisations:\n(?: {2}.*\n)+/, '').replace('threshold: 2\n', ''))
    const words = 'policy new policy.yaml --previous attestation-policy.json --out next.json --json'
    const { code, out } = await shop.run(words)
    expect(code).toBe(0)
    expect(jsonLine(out)).toMatchObject({ version: 2, organisations: banks, threshold: 2, warnings: [] })
    const { policy: before } = parseSignedPolicy(shop.read('attestation-policy.json'), 'before')
    expect(parseSignedPolicy(shop.read('next.json'), 'next').policy).toEqual({ ...before, version: 2 })
  })

  it('writes over nothing', async () => {
    const shop = await made()
    const { code, err } = await shop.run('policy new policy.yaml')
    expect(code).toBe(2)
    expect(err).toContain('code: CLI_FILE_EXISTS')
  })

  it.each<[string, string, (text: string) => string, string]>([
    ['an unknown key', 'CONFIG_INVALID', (text) => `${text}version: 3\n`, 'version: found an unknown key'],
    [
      'no threshold',
      'CLI_ARGUMENT_INVALID',
      (text) => text.replace('threshold: 2', ''),
      'needs organisations and thre',
    ],
    ['a missing key file', 'CLI_FILE_UNREADABLE', (text) => text.replace('bank-b.pub.pem', 'none.pem'), 'none.pem'],
    [
      'a private key',
      'CLI_ARGUMENT_INVALID',
      (text) => text.replace('bank-b.pub.pem', 'bank-b.key.pem'),
      'the key of bank-b in bank-b.key.pem is a private key',
    ],
    [
      'one key for two banks',
      'ATTESTATION_POLICY_INVALID',
      (text) => text.replace('bank-b.pub.pem', 'bank-a.pub.pem'),
      'another key than that of bank-a',
    ],
    [
      'a threshold above the number of banks',
      'ATTESTATION_POLICY_INVALID',
      (text) => text.replace('threshold: 2', 'threshold: 4'),
      'at most 3, the number of organisations',
    ],
    [
      'a key as root',
      'ATTESTATION_POLICY_INVALID',
      (text) => text.replace('- intel', '- bank-a.pub.pem'),
      'policy.roots[0]: found "-----BEGIN PUBLIC KEY',
    ],
    [
      'a simulated root in production',
      'ATTESTATION_POLICY_SIMULATED_ROOT',
      (text) => text.replace('- intel', '- root.pem'),
      'is for production and trusts "Simulated TEE SGX Root CA"',
    ],
  ])('refuses %s', async (_name, code, change, message) => {
    const shop = await workshop()
    shop.write('root.pem', simulatedRootPem)
    shop.edit(change)
    const { code: exit, err } = await shop.run('policy new policy.yaml')
    expect(exit).toBe(code === 'ATTESTATION_POLICY_SIMULATED_ROOT' ? 1 : 2)
    expect(err).toContain(`code: ${code}`)
    expect(err).toContain(message)
    expect(readdirSync(shop.cwd)).not.toContain('attestation-policy.json')
  })

  it('refuses a policy before of another federation', async () => {
    const shop = await made()
    shop.edit((text) => text.replace('federation: north', 'federation: south'))
    const { code, err } = await shop.run('policy new policy.yaml --previous attestation-policy.json --out next.json')
    expect(code).toBe(2)
    expect(err).toContain('policy.yaml is of federation south, --previous of north')
  })
})

describe('policy sign', () => {
  it('puts the signature into the file, which stays whole and keeps its permissions', async () => {
    const shop = await made()
    chmodSync(join(shop.cwd, 'attestation-policy.json'), 0o640)
    const first = await shop.run(
      'policy sign attestation-policy.json --organisation bank-c --key bank-c.key.pem --json',
    )
    const { policy: document } = parseSignedPolicy(shop.read('attestation-policy.json'), 'policy')
    const digest = policyDigest(document)
    expect(jsonLine(first.out)).toEqual({
      ...{ federation: 'north', version: 1, digest, organisation: 'bank-c', signed: ['bank-c'], enough: false },
    })
    const { out } = await shop.sign('bank-a')
    expect(out).toContain('2 of 3 organisations have signed, 2 needed: enough')
    expect(statSync(join(shop.cwd, 'attestation-policy.json')).mode & 0o777).toBe(0o640)
    expect(readdirSync(shop.cwd).filter((name) => name.startsWith('.'))).toEqual([])
    expect((await shop.run('policy check attestation-policy.json --federation north')).code).toBe(0)
  })

  it('refuses a key that is not the organisation’s, and leaves the file as it was', async () => {
    const shop = await made('bank-a')
    const before = shop.read('attestation-policy.json')
    const { code, err } = await shop.run(
      'policy sign attestation-policy.json --organisation bank-b --key bank-c.key.pem',
    )
    expect(code).toBe(1)
    expect(err).toContain('code: ATTESTATION_POLICY_KEY')
    expect(shop.read('attestation-policy.json')).toBe(before)
  })

  it('refuses a key that others can read, and what is no private key', async () => {
    const shop = await made()
    const exposed = await shop.run('policy sign attestation-policy.json --organisation bank-a --key policy.yaml')
    expect(exposed).toMatchObject({ code: 2, err: expect.stringContaining('code: CLI_KEY_EXPOSED') })
    chmodSync(join(shop.cwd, 'policy.yaml'), 0o600)
    const noKey = await shop.run('policy sign attestation-policy.json --organisation bank-a --key policy.yaml')
    expect(noKey).toMatchObject({ code: 2, err: expect.stringContaining('is not a private key in PEM') })
  })

  it('signs for a bank that leaves, with the policy before', async () => {
    const shop = await made('bank-a', 'bank-b')
    shop.edit((text) => text.replace('  bank-a: bank-a.pub.pem\n', ''))
    await shop.run('policy new policy.yaml --previous attestation-policy.json --out next.json')
    for (const bank of ['bank-b', 'bank-c']) await shop.sign(bank, 'next.json')
    const check = 'policy check next.json --accepted attestation-policy.json --json'
    expect(jsonLine((await shop.run(check)).out)).toMatchObject({ ok: true, reasons: [] })

    const alone = await shop.sign('bank-a', 'next.json')
    expect(alone).toMatchObject({ code: 1, err: expect.stringContaining('code: ATTESTATION_POLICY_KEY') })
    const words = 'policy sign next.json --organisation bank-a --key bank-a.key.pem --previous attestation-policy.json'
    expect(await shop.run(words)).toMatchObject({ code: 0 })
    expect(jsonLine((await shop.run(check)).out)).toMatchObject({ ok: true, reasons: [] })
    const { out } = await shop.run('policy show next.json')
    expect(out).toContain('Other signatures under the names bank-a: by the version before, or wrong')
  })
})

describe('attest verify --policy with a policy of a federation', () => {
  const AT = '2026-07-01T00:00:00Z'
  const evidence = async () => {
    const out = join(mkdtempSync(join(root, 'evidence-')), 'sgx')
    await coffer(['attest', 'simulate', '--seed', '3', '--tee', 'sgx-v3', '--at', AT, '--out', out])
    const file = join(out, 'policy.json')
    const verify = (document: AttestationPolicy, ...signers: string[]) => {
      writeFileSync(file, signedPolicyText(signedBy(document, ...signers)))
      const words = ['attest', 'verify', join(out, 'quote.bin'), '--collateral', join(out, 'collateral.json')]
      return coffer([...words, '--at', AT, '--policy', file, '--json'])
    }
    const rootPem = readFileSync(join(out, 'root.pem'), 'utf8')
    const wanted: AttestationPolicy = { ...simulation, roots: [rootPem] }
    const program = { ...sgx, mrEnclave: 'any', mrSigner: 'any', minimumIsvSvn: 0 }
    const usual = { tcbStatuses: ['UpToDate'], minimumTcbEvaluation: 0, programs: [program] } as const
    const roles = { aggregator: { ...policy.roles.aggregator, ...usual } }
    return { verify, document: { ...wanted, roles } as AttestationPolicy }
  }

  test('takes its roots and judges by its values', async () => {
    const { verify, document } = await evidence()
    const first = jsonLine((await verify(document, 'alpha', 'beta')).out)
    expect(first).toMatchObject({
      ok: false,
      reasons: expect.arrayContaining(['APPRAISAL_MEASUREMENT']),
      simulated: true,
    })
    const { mrEnclave, isvProdId } = (first as { body: { mrEnclave: string; isvProdId: number } }).body
    const programs = [{ ...sgx, mrEnclave: [mrEnclave], isvProdId, minimumIsvSvn: 0 }]
    const roles = { aggregator: { ...document.roles.aggregator, programs } }
    const { code, out } = await verify({ ...document, roles }, 'alpha', 'beta')
    expect(jsonLine(out)).toMatchObject({ ok: true, reasons: [], simulated: true })
    expect(code).toBe(0)
  })

  test('refuses one that too few have signed', async () => {
    const { verify, document } = await evidence()
    const { code, out } = await verify(document, 'alpha')
    expect(code).toBe(1)
    expect(jsonLine(out)).toMatchObject({ error: { code: 'ATTESTATION_POLICY_UNSIGNED' } })
  })
})
