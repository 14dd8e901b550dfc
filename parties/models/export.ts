/**
 * Writes a model version as files that other programs read: a TensorFlow.js layers model, safetensors, the
 * preprocessing, a README. The folder appears complete or not at all: it is written beside its place and renamed.
 *
 * What may go wrong: the folder is not empty (MODEL_DIRECTORY), the parameters are not the model's (MODEL_MISMATCH),
 * and whatever the disk says, as it says it.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { equalBytes, sha256, toHex } from '../../src/crypto/index.ts'
import type { ModelPlan, Standardisation } from '../../src/learning/index.ts'
import { ModelError } from './errors.ts'
import { type ExportedSpec, preprocessing } from './preprocessing.ts'
import { exportReadme, type Lineage } from './readme.ts'
import { encodeFloats, encodeSafetensors, type NamedTensor } from './safetensors.ts'

export interface ExportOptions {
  /** Must not exist, or be an empty folder. */
  readonly directory: string
  readonly plan: ModelPlan
  /** In the order of the plan. */
  readonly parameters: Float32Array
  readonly spec: ExportedSpec
  readonly standardisation: Standardisation
  readonly lineage: Lineage
  /** More files, by their path below the directory: what proves where the model comes from. */
  readonly proofs?: ReadonlyMap<string, Uint8Array>
}

/** Returns the names of the files. Throws MODEL_DIRECTORY, MODEL_MISMATCH. */
export async function exportModel(options: ExportOptions): Promise<string[]> {
  const directory = resolve(options.directory)
  await verifyVacant(directory)
  const files = filesOf(options)
  await mkdir(dirname(directory), { recursive: true })
  const draft = join(dirname(directory), `.${basename(directory)}-${randomUUID()}`)
  try {
    await mkdir(draft)
    for (const [name, content] of files) {
      await mkdir(dirname(join(draft, name)), { recursive: true })
      await writeFile(join(draft, name), content, { flag: 'wx', flush: true })
    }
    // Replaces an empty folder, and fails if it has been filled since.
    await rename(draft, directory).catch(async (error: unknown) => {
      await verifyVacant(directory)
      throw error
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return [...files.keys()]
}

async function verifyVacant(directory: string): Promise<void> {
  try {
    const [found] = await readdir(directory)
    if (found === undefined) return
    throw new ModelError('MODEL_DIRECTORY', `${directory} holds ${found}, expected a new or empty folder`)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return
    if (code !== 'ENOTDIR') throw error
    throw new ModelError('MODEL_DIRECTORY', `${directory} is a file, expected a new or empty folder`, { cause: error })
  }
}

function filesOf({
  plan,
  parameters,
  spec,
  standardisation,
  lineage,
  proofs = new Map(),
}: ExportOptions): Map<string, string | Uint8Array> {
  const weights = encodeFloats(parameters)
  verifyParameters(plan, parameters, weights, lineage)
  const metadata = {
    name: spec.name,
    model: lineage.modelId,
    run: lineage.runId,
    rounds: String(lineage.rounds),
    tee: lineage.tee,
    job_digest: toHex(lineage.jobDigest),
    weights_digest: toHex(lineage.digest),
  }
  return new Map<string, string | Uint8Array>([
    ['model.json', json(layersModel(plan))],
    ['weights.bin', weights],
    ['model.safetensors', encodeSafetensors(tensorsOf(plan, parameters), metadata)],
    ['preprocessing.json', json(preprocessing(spec, standardisation))],
    ['README.md', exportReadme(spec, plan, lineage)],
    ...proofs,
  ])
}

function verifyParameters(plan: ModelPlan, parameters: Float32Array, bytes: Uint8Array, lineage: Lineage): void {
  if (parameters.length !== plan.size) {
    throw new ModelError('MODEL_MISMATCH', `${parameters.length} parameters, expected ${plan.size}`)
  }
  const digest = sha256(bytes)
  if (!equalBytes(digest, lineage.digest)) {
    const found = `the parameters have digest ${toHex(digest)}`
    throw new ModelError('MODEL_MISMATCH', `${found}, the model version says ${toHex(lineage.digest)}`)
  }
}

/** The file that `tf.loadLayersModel` reads; the weights follow in the order of the manifest. */
function layersModel(plan: ModelPlan): object {
  const weights = plan.parameters.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }))
  return {
    format: 'layers-model',
    generatedBy: 'coffer',
    convertedBy: null,
    modelTopology: plan.topology,
    weightsManifest: [{ paths: ['weights.bin'], weights }],
  }
}

function tensorsOf(plan: ModelPlan, parameters: Float32Array): NamedTensor[] {
  let end = 0
  return plan.parameters.map(({ name, shape }) => {
    const begin = end
    end += shape.reduce((product, size) => product * size, 1)
    return { name, shape, values: parameters.subarray(begin, end) }
  })
}

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
