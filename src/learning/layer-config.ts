/**
 * Reads the settings of one layer of a model: data that somebody else wrote. Keys may be written as in TypeScript
 * (kernelSize) or as in the JSON that TensorFlow.js saves (kernel_size). Every key must be known and every value must
 * mean what the trainers do: a setting that would be passed over in silence is refused.
 *
 * Files saved by TensorFlow.js name all settings of a layer, so those that a job cannot choose are accepted at the one
 * value that stands for "not chosen": initialisers (initial-parameters.ts draws the start), regularizers
 * (`training.l2`), constraints, frozen layers, other number types.
 */
import { LearningError } from './errors.ts'

export interface LayerSpec {
  readonly className: string
  readonly config: Readonly<Record<string, unknown>>
}

/** The settings of one layer. Each reader takes the key's value, or the fallback where it is absent. */
export interface LayerConfig {
  /** "layer 2 (Dense)": how errors name the place. */
  readonly place: string
  whole(key: string, smallest: number, largest: number, fallback?: number): number
  number(key: string, smallest: number, below: number, fallback?: number): number
  flag(key: string, fallback: boolean): boolean
  choice<Choice extends string>(key: string, choices: readonly Choice[], fallback: Choice): Choice
  /** A list of whole numbers, or undefined where absent. null becomes NaN: the batch. */
  list(key: string): number[] | undefined
  text(key: string): string | undefined
  /** Throws for keys that nobody has read, unless they stand for "not chosen". */
  finish(): void
  invalid(found: string): LearningError
}

export function openLayerConfig(spec: LayerSpec, index: number): LayerConfig {
  const place = `layer ${index + 1} (${spec.className})`
  const invalid = (found: string) => new LearningError('LEARNING_MODEL_INVALID', `${place}: ${found}`)
  const settings = new Map<string, unknown>()
  for (const [key, value] of Object.entries(spec.config)) {
    const name = camelCase(key)
    if (settings.has(name)) throw invalid(`${name} is set twice, in two spellings`)
    settings.set(name, value)
  }
  // Read settings are taken out; `finish` looks at what is left.
  const take = (key: string): unknown => {
    const value = settings.get(key)
    settings.delete(key)
    return value ?? undefined
  }
  const wrong = (key: string, value: unknown, expected: string) =>
    invalid(`${key} is ${JSON.stringify(value) ?? 'absent'}, expected ${expected}`)

  return {
    place,
    invalid,
    whole(key, smallest, largest, fallback) {
      const value = single(take(key) ?? fallback)
      if (typeof value === 'number' && Number.isInteger(value) && value >= smallest && value <= largest) return value
      throw wrong(key, value, `a whole number from ${smallest} to ${largest}`)
    },
    number(key, smallest, below, fallback) {
      const value = take(key) ?? fallback
      if (typeof value === 'number' && value >= smallest && value < below) return value
      throw wrong(key, value, `a number from ${smallest} to below ${below}`)
    },
    flag(key, fallback) {
      const value = take(key) ?? fallback
      if (typeof value === 'boolean') return value
      throw wrong(key, value, 'true or false')
    },
    choice(key, choices, fallback) {
      const value = take(key) ?? fallback
      const name = typeof value === 'string' ? camelCase(value) : undefined
      const choice = choices.find((candidate) => candidate === name)
      if (choice !== undefined) return choice
      throw wrong(key, value, `one of ${choices.join(', ')}`)
    },
    list(key) {
      const value = take(key)
      if (value === undefined) return undefined
      const entries: unknown[] = Array.isArray(value) ? value : [Number.NEGATIVE_INFINITY]
      const numbers = entries.map((entry) => (entry === null ? Number.NaN : entry))
      if (numbers.length <= 8 && numbers.every((entry) => Number.isInteger(entry) || Number.isNaN(entry))) {
        return numbers.map(Number)
      }
      throw wrong(key, value, 'a list of at most 8 whole numbers')
    },
    text(key) {
      const value = take(key)
      if (value === undefined || typeof value === 'string') return value
      throw wrong(key, value, 'text')
    },
    finish() {
      for (const [key, value] of settings) {
        if (!isNotChosen(key, value)) throw invalid(`${key} is ${JSON.stringify(value)}, which is not a setting here`)
      }
    },
  }
}

/** TensorFlow.js saves the sizes of one-dimensional convolutions as lists of one. */
function single(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value
}

function camelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

const defaultInitializers: ReadonlyMap<string, readonly string[]> = new Map([
  ['kernelInitializer', ['glorotnormal', 'glorotuniform', 'variancescaling']],
  ['biasInitializer', ['zeros']],
  ['betaInitializer', ['zeros']],
  ['gammaInitializer', ['ones']],
  ['movingMeanInitializer', ['zeros']],
  ['movingVarianceInitializer', ['ones']],
])

function isNotChosen(key: string, value: unknown): boolean {
  if (value === null || value === undefined) return true
  if (key === 'trainable') return value === true
  if (key === 'dtype') return value === 'float32'
  const defaults = defaultInitializers.get(key)
  return defaults?.includes(initializerName(value)) ?? false
}

/** 'glorotUniform', 'GlorotUniform' or { class_name: 'GlorotUniform', config } alike. */
function initializerName(value: unknown): string {
  const name =
    typeof value === 'object' && value !== null
      ? Object.entries(value).find(([key]) => camelCase(key) === 'className')?.[1]
      : value
  return typeof name === 'string' ? name.replaceAll('_', '').toLowerCase() : ''
}
