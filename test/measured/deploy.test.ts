/** deploy/: files that no machine here can run. What can be checked without one: form, names, the lines that matter. */
import { chmod, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DEPLOYED_PRODUCT, DEPLOYED_SVN } from '../../src/cli/attest/measure-programs.ts'
import { deploy, directory, IMAGE_FILES, POLICY_FILE, put, read, run, shell } from './deploy-files.ts'
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

test.each([
  ['tdx/prepare.sh', IMAGE_FILES],
  ['gramine/build.sh', ['coffer.yaml', 'roots.pem']],
  ['occlum/build.sh', [POLICY_FILE, ...IMAGE_FILES]],
])('%s asks for the files of a home that it puts into what is measured', async (path, files) => {
  const [, asked = ''] = /^for file in (.*); do\n {2}\[ -f "\$home\/\$file" \]/m.exec(await read(path)) ?? []
  expect(asked.split(' ').sort()).toEqual([...files].sort())
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
    const unmeasured = [POLICY_FILE, 'certificate.pem', 'key.pem', 'state/']
    expect(allowed?.sort()).toEqual(unmeasured.map((name) => `{{ home }}/${name}`))
    for (const file of [POLICY_FILE, ...IMAGE_FILES, 'state']) expect(mounted).toContain(`{{ home }}/${file}`)
    const covered = (path: string) =>
      [...(trusted ?? []), ...(allowed ?? [])].some((each) => each.replace(/\/$/, '') === path)
    expect(mounted?.filter((path) => !covered(path))).toEqual([])
  })
})
