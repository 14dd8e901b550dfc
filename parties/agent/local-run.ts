/**
 * A party's side of one run: its rows, split into training and hold-out by a keyed hash of the id, the model plan, and
 * a trainer in its own thread. Standardised matrices are made once, when the federation's mean and deviation arrive.
 */
import type { JobSpec } from '../../src/job/index.ts'
import {
  encodedColumns,
  type ModelPlan,
  planModel,
  type Standardisation,
  standardise,
} from '../../src/learning/index.ts'
import { loadTable, type RawTable, splitHoldout } from '../data/index.ts'
import { createTrainer, shared, type Trainer } from '../trainers/index.ts'
import type { Desk } from './desk.ts'
import { AgentError } from './errors.ts'

export interface Matrix {
  /** rows x inputs, row-major. */
  readonly features: Float32Array
  readonly labels: Float32Array
  readonly rows: number
}

export interface LocalRun extends AsyncDisposable {
  readonly spec: JobSpec
  readonly plan: ModelPlan
  /** The party's: makes its shuffles its own. */
  readonly name: string
  /** Training rows. */
  readonly rows: number
  readonly train: RawTable
  readonly holdout: RawTable
  readonly trainer: () => Promise<Trainer>
  readonly matrices: (standardisation: Standardisation) => { train: Matrix; holdout: Matrix }
}

type LocalDesk = Pick<Desk, 'name' | 'datasets' | 'log' | 'backend' | 'trainers' | 'openTable'>

/** @throws AgentError AGENT_NO_DATASET; PartyError for data that breaks the contract. */
export async function openLocalRun(spec: JobSpec, desk: LocalDesk, signal: AbortSignal): Promise<LocalRun> {
  const path = Object.hasOwn(desk.datasets, spec.data.dataset) ? desk.datasets[spec.data.dataset] : undefined
  if (path === undefined) {
    const known = Object.keys(desk.datasets).join(', ') || 'none'
    throw new AgentError('AGENT_NO_DATASET', `dataset ${spec.data.dataset} is not configured; configured: ${known}`)
  }
  const table = await (desk.openTable ?? loadTable)({ path, contract: spec.data, task: spec.task, signal })
  for (const warning of table.warnings) desk.log.warn({ dataset: spec.data.dataset }, warning)
  const { train, holdout } = await splitHoldout(table, spec.data.holdout, spec.seed)
  const plan = planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
  const start = desk.trainers ?? createTrainer
  let trainer: Promise<Trainer> | undefined
  let standardised: { of: Standardisation; train: Matrix; holdout: Matrix } | undefined
  return {
    spec,
    plan,
    name: desk.name,
    rows: train.rows,
    train,
    holdout,
    trainer: () => {
      trainer ??= start({ plan, task: spec.task, ...(desk.backend && { backend: desk.backend }) })
      // One that did not start is tried again with the next task: memory may have been short for a moment.
      trainer.catch(() => {
        trainer = undefined
      })
      return trainer
    },
    matrices: (standardisation) => {
      if (!standardised || !same(standardised.of, standardisation)) {
        const of = standardisation
        standardised = { of, train: matrix(train, of), holdout: matrix(holdout, of) }
      }
      return standardised
    },
    [Symbol.asyncDispose]: async () => {
      // Why a trainer did not start was told to whoever asked for it; here there is only nothing to close.
      const started = await trainer?.catch(() => undefined)
      await started?.[Symbol.asyncDispose]()
    },
  }
}

function matrix(table: RawTable, standardisation: Standardisation): Matrix {
  const features = shared(standardise(table.raw, table.rows, standardisation))
  return { features, labels: shared(table.labels), rows: table.rows }
}

function same(a: Standardisation, b: Standardisation): boolean {
  return (
    a.mean.length === b.mean.length &&
    a.mean.every((value, i) => value === b.mean[i]) &&
    a.deviation.every((value, i) => value === b.deviation[i])
  )
}
