/** The machine: Node, disk, what trains. */
import { statfs } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { exists } from '../files.ts'
import { type Check, fail, ok, warn } from './check.ts'

const OLDEST = [20, 19] as const
const NEWEST_TESTED = 24

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    return fail('node', version, `install Node ${OLDEST.join('.')} or newer`)
  }
  return major > NEWEST_TESTED ? warn('node', version, `Node 20 to ${NEWEST_TESTED} are tested`) : ok('node', version)
}

const GIB = 1024 ** 3
/** Below the first a coordinator may soon stop; below the second it cannot keep a large model. */
const LITTLE_BYTES = 5 * GIB
const TOO_LITTLE_BYTES = 0.25 * GIB

/** Free space at a directory, or at the nearest one above that exists. */
export async function checkDisk(directory: string): Promise<Check> {
  let at = directory
  while (!(await exists(at)) && dirname(at) !== at) at = dirname(at)
  const { bavail, bsize } = await statfs(at)
  return judgeDisk(bavail * bsize, at)
}

export function judgeDisk(free: number, at: string): Check {
  const found = `${(free / GIB).toFixed(1)} GiB free at ${at}`
  if (free < TOO_LITTLE_BYTES) return fail('disk', found, 'make room')
  return free < LITTLE_BYTES ? warn('disk', found, 'make room soon') : ok('disk', found)
}

const backends = [
  { name: 'node', package: '@tensorflow/tfjs-node' },
  { name: 'wasm', package: '@tensorflow/tfjs-backend-wasm' },
  { name: 'cpu', package: '@tensorflow/tfjs-backend-cpu' },
] as const

/** Which backends are installed; loading one would take a second, and the party says at its start which it took. */
export async function checkTraining(): Promise<Check> {
  const { resolve } = createRequire(import.meta.url)
  const installed = backends.filter((backend) => {
    try {
      resolve(backend.package)
      return true
    } catch {
      return false
    }
  })
  const names = installed.map(({ name }) => name).join(', ')
  if (installed.length === 0) return fail('training', 'no TensorFlow.js backend is installed', 'run npm ci')
  if (installed.some(({ name }) => name !== 'cpu')) return ok('training', `backends installed: ${names}`)
  return warn(
    'training',
    `backends installed: ${names}`,
    'install @tensorflow/tfjs-backend-wasm: cpu is 3 times slower',
  )
}
