/** The files of deploy/, and running their scripts: for the tests beside this one. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

export const deploy = fileURLToPath(new URL('../../deploy', import.meta.url))
export const read = (path: string) => readFile(join(deploy, path), 'utf8')
export const run = promisify(execFile)
export const POLICY_FILE = 'attestation-policy.json'
/** Of a home, without the policy: it lists the measurement, and so cannot be in what is measured. */
export const IMAGE_FILES = ['certificate.pem', 'coffer.yaml', 'key.pem', 'roots.pem']

/** Gone when the test ends. */
export async function directory(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'coffer-deploy-'))
  onTestFinished(() => rm(made, { recursive: true, force: true }))
  return made
}

export async function put(root: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
}

interface Outcome {
  readonly code: number
  readonly out: string
}

export async function shell(
  script: string,
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const options = { env: { PATH: process.env.PATH ?? '', ...env } }
  return run('bash', [join(deploy, script), ...argv], options).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      out: error.stdout + error.stderr,
    }),
  )
}
