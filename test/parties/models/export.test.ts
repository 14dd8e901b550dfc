import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { loadLayersModel } from '@tensorflow/tfjs-layers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeSafetensors, type ExportOptions, exportModel, ModelError } from '../../../parties/models/index.ts'
import { createTrainer } from '../../../parties/trainers/index.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import {
  type FeatureColumn,
  initialParameters,
  type ModelSpec,
  planModel,
  type TaskSpec,
} from '../../../src/learning/index.ts'
import { binary, convolution, mlp, normalised, regression, sample, threeClasses } from '../trainers/samples.ts'

const features: (FeatureColumn & { outside?: 'refuse' | 'clip' })[] = [
  { name: 'age', type: 'number', minimum: 18, maximum: 100, missing: 'indicator', outside: 'clip' },
  { name: 'job', type: 'category', values: ['a|b', 'c'], missing: 'refuse', other: 'own-column' },
]
const inputs = 5
const lineage = {
  modelId: 'aa11',
  runId: 'bb22',
  jobDigest: new Uint8Array(32).fill(7),
  createdMs: 1_700_000_000_000,
  rounds: 12,
  parties: ['north', 'south'],
  metrics: { auc: 0.75123 },
  tee: 'TDX by configfs-tsm',
}

function optionsFor(model: ModelSpec, task: TaskSpec, directory: string): ExportOptions {
  const plan = planModel(model, task, inputs)
  // Every parameter another value, so that a wrong order shows; variances must not be negative.
  const parameters = initialParameters(plan, 5).map((value, i) => value + 0.01 * (i % 7))
  const digest = sha256(new Uint8Array(parameters.buffer))
  const standardisation = { mean: [40, 0.1, 0.5, 0.4, 0.1], deviation: [10, 0.3, 0.5, 0.5, 0] }
  const spec = { name: 'credit', task, data: { id: 'id', label: 'bad', positive: 'yes', features } }
  return { directory, plan, parameters, spec, standardisation, lineage: { ...lineage, digest } }
}

let home = ''
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coffer-export-'))
})
afterEach(() => rm(home, { recursive: true }))

/** What a file handler of plain TensorFlow.js does, and no more. */
function fromFolder(directory: string): tf.io.IOHandler {
  return {
    async load() {
      const { modelTopology, weightsManifest, format } = JSON.parse(
        await readFile(join(directory, 'model.json'), 'utf8'),
      )
      expect(format).toBe('layers-model')
      const [{ paths, weights }] = weightsManifest
      const bytes = await readFile(join(directory, paths[0]))
      return { modelTopology, weightSpecs: weights, weightData: new Uint8Array(bytes).buffer }
    },
  }
}

describe('an exported model', () => {
  it.each<[string, ModelSpec, TaskSpec]>([
    ['a binary classifier', mlp(0.1, 'relu'), binary],
    ['a classifier of three classes', mlp(), threeClasses],
    ['a regression', mlp(), regression],
    ['a model with normalisations', normalised, binary],
    ['a convolution', convolution(inputs), binary],
  ])(
    'predicts in plain TensorFlow.js what the trainer predicts: %s',
    async (_, model, task) => {
      const options = optionsFor(model, task, join(home, 'export'))
      await exportModel(options)
      tf.enableProdMode()
      await tf.setBackend('cpu')
      const { features: rows } = sample(task, 20, inputs)
      const loaded = await loadLayersModel(fromFolder(options.directory))
      const output = loaded.predict(tf.tensor2d(rows, [20, inputs]))
      const trainer = await createTrainer({ plan: options.plan, task, backend: 'cpu' })
      const signal = new AbortController().signal
      const ours = await trainer.predict({ parameters: options.parameters, features: rows, rows: 20, signal })
      await trainer[Symbol.asyncDispose]()
      const theirs = output instanceof tf.Tensor ? output.dataSync() : []
      expect(theirs).toHaveLength(ours.length)
      for (const [i, value] of ours.entries()) expect(theirs[i]).toBeCloseTo(value, 6)
    },
    20_000,
  )

  it('has the same weights as safetensors, and tells how to use it', async () => {
    const options = optionsFor(normalised, binary, join(home, 'deep', 'export'))
    const files = await exportModel(options)
    expect(files.sort()).toEqual((await readdir(options.directory)).sort())
    expect(await readdir(join(home, 'deep'))).toEqual(['export'])
    const read = (name: string) => readFile(join(options.directory, name), 'utf8')

    const { tensors, metadata } = decodeSafetensors(await readFile(join(options.directory, 'model.safetensors')))
    expect(tensors.map(({ name, shape }) => ({ name, shape }))).toEqual(
      options.plan.parameters.map(({ name, shape }) => ({ name, shape })),
    )
    expect(tensors.flatMap(({ values }) => [...values])).toEqual([...options.parameters])
    expect(metadata).toMatchObject({ model: 'aa11', tee: 'TDX by configfs-tsm', job_digest: '07'.repeat(32) })

    const preprocessing = JSON.parse(await read('preprocessing.json'))
    expect(preprocessing.features).toEqual(features)
    expect(preprocessing.label).toMatchObject({ column: 'bad', positive: 'yes' })
    expect(preprocessing.inputs).toHaveLength(inputs)
    expect(preprocessing.inputs[2]).toEqual({
      name: 'job=a|b',
      feature: 'job',
      kind: 'value',
      value: 'a|b',
      mean: 0.5,
      deviation: 0.5,
    })

    const readme = await read('README.md')
    expect(readme).toContain('north, south')
    expect(readme).toContain('auc 0.7512')
    expect(readme).toContain('| 2 | job=a\\|b | job | 1 if the column has this value, else 0 |')
  })

  it('goes into an empty folder', async () => {
    const directory = join(home, 'empty')
    await mkdir(directory)
    await exportModel(optionsFor(mlp(), regression, directory))
    const { label } = JSON.parse(await readFile(join(directory, 'preprocessing.json'), 'utf8'))
    expect(label).toMatchObject({ minimum: -10, maximum: 10 })
  })
})

describe('an export is refused', () => {
  async function refusal(options: ExportOptions, code: string): Promise<void> {
    const error = await exportModel(options).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ModelError)
    expect(error).toMatchObject({ code })
  }

  it('into a folder with something in it, and into a file', async () => {
    await writeFile(join(home, 'mine.txt'), 'mine')
    await refusal(optionsFor(mlp(), binary, home), 'MODEL_DIRECTORY')
    await refusal(optionsFor(mlp(), binary, join(home, 'mine.txt')), 'MODEL_DIRECTORY')
    expect(await readdir(home)).toEqual(['mine.txt'])
  })

  it('with parameters or columns that are not the model’s, and leaves nothing', async () => {
    const options = optionsFor(mlp(), binary, join(home, 'export'))
    await refusal({ ...options, parameters: options.parameters.slice(1) }, 'MODEL_MISMATCH')
    await refusal({ ...options, parameters: options.parameters.with(0, 9) }, 'MODEL_MISMATCH')
    await refusal({ ...options, standardisation: { mean: [0], deviation: [1] } }, 'MODEL_MISMATCH')
    expect(await readdir(home)).toEqual([])
  })
})
