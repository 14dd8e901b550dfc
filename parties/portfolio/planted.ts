/**
 * Made-up rows for any data contract: for simulations, where nobody has data and the question is how many parties learn
 * together. Numbers lie within their ranges, half of the columns uniform and half around the middle; categories are
 * drawn; some values are missing where the contract allows it.
 *
 * The label follows one planted rule for all parties: a linear score of the inputs with deviation about 1, then
 *
 *   binary       1 with the probability logistic(3 * score)
 *   multi-class  the class with the highest of 3 * score of the class + Gumbel noise, which is a softmax draw
 *   regression   0.5 + 0.15 * score + 0.05 * noise, within 0 to 1 (of the declared range)
 *
 * so that a model learns visibly and never perfectly. The same seed and party give the same rows.
 */
import { createRandom, type Random } from '../../src/crypto/index.ts'
import type { DataContract, TaskSpec } from '../../src/job/index.ts'
import { encodedColumns } from '../../src/learning/index.ts'
import { isHeldOut, type RawTable } from '../data/index.ts'

export interface PlantedOptions {
  readonly contract: DataContract
  readonly task: TaskSpec
  /** Of the job, which also decides which rows are held out. */
  readonly seed: number
  readonly party: string
  readonly rows: number
  /** How far a party's means of numbers lie from those of all, in deviations; 0: all parties are alike. */
  readonly shift: number
}

type Feature = DataContract['features'][number]

/** Of a column that may be missing, and of one with other values. */
const MISSING = 0.05
const [STEEPNESS, SLOPE, NOISE] = [3, 0.15, 0.05]

/** A table as `loadTable` makes it; at least one row is held out and one is not. */
export function plantedTable(options: PlantedOptions): RawTable {
  const { contract, task, party, rows, seed, shift } = options
  const random = createRandom(`planted rows ${seed}`).fork(party)
  const inputs = encodedColumns(contract.features).length
  const raw = new Float32Array(rows * inputs)
  const standing = new Float32Array(rows * inputs)
  let at = 0
  for (const [index, feature] of contract.features.entries()) {
    const moved = shift * random.normal()
    const column = feature.type === 'number' ? numberColumn(feature, index % 2 === 0, moved) : categoryColumn(feature)
    for (let row = 0; row < rows; row += 1) column.draw(random, raw, standing, row * inputs + at)
    at += column.width
  }
  return {
    ids: rowIds(options),
    rows,
    inputs,
    raw,
    labels: drawLabels(task, standing, inputs, seed, random),
    warnings: [],
  }
}

interface Column {
  readonly width: number
  /** Writes the cell into `raw`, and what the rule sees of it (deviation about 1) into `standing`. */
  draw(random: Random, raw: Float32Array, standing: Float32Array, at: number): void
}

function numberColumn(feature: Extract<Feature, { type: 'number' }>, isUniform: boolean, moved: number): Column {
  const { minimum, maximum, missing } = feature
  const middle = minimum / 2 + maximum / 2
  const deviation = (maximum / 2 - minimum / 2) / (isUniform ? Math.sqrt(3) : 3)
  return {
    width: missing === 'indicator' ? 2 : 1,
    draw(random, raw, standing, at) {
      const drawn = isUniform ? (2 * random.uniform() - 1) * Math.sqrt(3) : random.normal()
      if (missing !== 'refuse' && random.uniform() < MISSING) {
        raw[at] = Number.NaN
        if (missing === 'indicator') raw[at + 1] = 1
        return
      }
      const value = Math.min(Math.max(middle + deviation * (drawn + moved), minimum), maximum)
      raw[at] = value
      standing[at] = (value - middle) / deviation
    },
  }
}

function categoryColumn({ values, missing, other }: Extract<Feature, { type: 'category' }>): Column {
  const extra = Number(missing === 'own-column') + Number(other === 'own-column')
  return {
    width: values.length + extra,
    draw(random, raw, standing, at) {
      const rare = extra > 0 && random.uniform() < MISSING
      const place = at + (rare ? values.length + random.below(extra) : random.below(values.length))
      raw[place] = 1
      standing[place] = 1
    },
  }
}

function drawLabels(
  task: TaskSpec,
  standing: Float32Array,
  inputs: number,
  seed: number,
  random: Random,
): Float32Array {
  const outputs = task.kind === 'multiclass-classification' ? task.classes.length : 1
  const rules = Array.from({ length: outputs }, (_, output) => plantedRule(seed, output, inputs))
  return Float32Array.from({ length: standing.length / inputs }, (_, row) => {
    const scores = rules.map((rule) => scoreOf(rule, standing, row * inputs))
    return drawLabel(task, scores, random)
  })
}

function plantedRule(seed: number, output: number, inputs: number): Float64Array {
  const random = createRandom(`planted rule ${seed}`).fork(String(output))
  const weights = Float64Array.from({ length: inputs }, () => random.normal())
  const size = Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0))
  return weights.map((weight) => weight / size)
}

function scoreOf(rule: Float64Array, standing: Float32Array, from: number): number {
  let score = 0
  for (let i = 0; i < rule.length; i += 1) score += (rule[i] ?? 0) * (standing[from + i] ?? 0)
  return score
}

function drawLabel(task: TaskSpec, scores: readonly number[], random: Random): number {
  const [score = 0] = scores
  if (task.kind === 'regression') return Math.min(Math.max(0.5 + SLOPE * score + NOISE * random.normal(), 0), 1)
  if (task.kind === 'binary-classification') return random.uniform() < 1 / (1 + Math.exp(-STEEPNESS * score)) ? 1 : 0
  const noisy = scores.map((each) => STEEPNESS * each - Math.log(-Math.log(1 - random.uniform())))
  return noisy.indexOf(Math.max(...noisy))
}

/** A party of few rows could have all of them on one side of the hold-out: then its last id is another one. */
function rowIds({ party, rows, contract, seed }: PlantedOptions): string[] {
  const ids = Array.from({ length: rows }, (_, row) => `${party}-${row + 1}`)
  const isHeld = (id: string) => isHeldOut(id, contract.holdout, seed)
  const first = isHeld(ids[0] ?? '')
  if (rows > 1 && ids.every((id) => isHeld(id) === first)) {
    let last = rows
    while (isHeld(`${party}-${last}`) === first) last += 1
    ids[rows - 1] = `${party}-${last}`
  }
  return ids
}
