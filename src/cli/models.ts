/**
 * `model list`, `export` and `evaluate`; `verify` is in lineage/. What the coordinator serves is checked against its
 * digests before anything is made of it: it keeps models, and is not trusted with what they are.
 */
import { stat } from 'node:fs/promises'
import { relative } from 'node:path'
import { equalBytes, sha256, toHex } from '../crypto/index.ts'
import { type JobSpec, jobDigest, readCanonicalSpec } from '../job/index.ts'
import { encodedColumns, type ModelPlan, planModel } from '../learning/index.ts'
import { isSimulated, type ModelVersion } from '../round/index.ts'
import { CliError } from './errors.ts'
import { exits } from './exit.ts'
import { refuseOccupied } from './files.ts'
import { checkedId } from './ids.ts'
import { required } from './init/sign.ts'
import { type Context, styleOf } from './io.ts'
import { collectLineage } from './lineage/collect.ts'
import { lineageFiles } from './lineage/lineage.ts'
import { modelRecord } from './run-record.ts'
import { listLimit } from './runs.ts'
import { openSession, type Session } from './session.ts'
import { ago, clean, decimal, renderTable, teeMark, teeText } from './view/index.ts'

interface Dial {
  readonly coordinator: string | undefined
}

export async function list(context: Context, options: Dial & { readonly limit: number | undefined }): Promise<number> {
  const limit = listLimit(options.limit)
  await using session = await openSession(context, options)
  const { models } = await session.runs.listModels({ limit }, session.soon)
  const { width } = styleOf(context.io.stdout, context.io.env)
  const table = models.length === 0 ? 'no model versions yet' : modelTable(models, context.io.now(), width)
  context.result({ models: models.map(modelRecord) }, table)
  return exits.ok.code
}

export function modelTable(models: readonly ModelVersion[], now: number, width: number): string[] {
  const rows = models.map((model) => [
    model.modelId.slice(0, 8),
    model.name,
    String(model.rounds),
    model.parameters.toLocaleString('en-US'),
    metricsText(model),
    teeMark(model.tee),
    `${ago(now - model.createdMs)} ago`,
    model.runId.slice(0, 8),
  ])
  return renderTable(
    [
      { title: 'MODEL' },
      { title: 'NAME', shrink: true },
      { title: 'ROUNDS', align: 'right' },
      { title: 'PARAMETERS', align: 'right' },
      { title: 'METRICS', shrink: true },
      { title: 'TEE' },
      { title: 'CREATED', align: 'right' },
      { title: 'RUN' },
    ],
    rows,
    width,
  )
}

const metricsText = ({ metrics }: Pick<ModelVersion, 'metrics'>): string =>
  Object.entries(metrics)
    .map(([name, value]) => `${name} ${decimal(value)}`)
    .join(' ')

/** The parameters of a version: as many as it names, with its digest. */
export async function downloadParameters(session: Session, version: ModelVersion): Promise<Float32Array> {
  const damaged = (found: string) =>
    new CliError('CLI_MODEL_DAMAGED', `model ${version.modelId}: ${found}, expected digest ${toHex(version.digest)}`)
  const bytes = new Uint8Array(version.parameters * Float32Array.BYTES_PER_ELEMENT)
  let length = 0
  for await (const part of session.runs.downloadModel({ modelId: version.modelId }, session.open)) {
    if (length + part.length > bytes.length) throw damaged(`more than ${bytes.length} bytes of parameters`)
    bytes.set(part, length)
    length += part.length
  }
  if (length < bytes.length) throw damaged(`${length} of ${bytes.length} bytes of parameters`)
  const digest = sha256(bytes)
  if (!equalBytes(digest, version.digest)) throw damaged(`parameters with digest ${toHex(digest)}`)
  const view = new DataView(bytes.buffer)
  return Float32Array.from({ length: version.parameters }, (_, index) => view.getFloat32(index * 4, true))
}

/** The spec behind a version, after its digest was checked, and the model that follows from it. */
function planOf(version: ModelVersion): { readonly spec: JobSpec; readonly plan: ModelPlan } {
  const digest = jobDigest(version.specJson)
  if (!equalBytes(digest, version.jobDigest)) {
    const expected = toHex(version.jobDigest)
    throw new CliError(
      'CLI_MODEL_DAMAGED',
      `model ${version.modelId}: its job spec has digest ${toHex(digest)}, expected ${expected}`,
    )
  }
  const spec = readCanonicalSpec(version.specJson)
  const plan = planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
  if (plan.size !== version.parameters) {
    throw new CliError(
      'CLI_MODEL_DAMAGED',
      `model ${version.modelId} has ${version.parameters} parameters, expected ${plan.size}`,
    )
  }
  return { spec, plan }
}

export async function fetchModel(session: Session, modelId: string) {
  const version = await session.runs.getModel({ modelId }, session.soon)
  const { spec, plan } = planOf(version)
  return { version, spec, plan, parameters: await downloadParameters(session, version) }
}

export async function exportVersion(
  context: Context,
  options: Dial & { readonly out: string | undefined },
  given: string,
): Promise<number> {
  const modelId = checkedId(given, 'model')
  const directory = context.path(required(options.out, 'out'))
  await refuseOccupied(directory)
  await using session = await openSession(context, options)
  const { version, spec, plan, parameters } = await fetchModel(session, modelId)
  const proofs = lineageFiles(await collectLineage(session, version))
  const { exportModel } = await import('../../parties/index.ts')
  const { standardisation } = version
  await exportModel({ directory, plan, parameters, spec, standardisation, lineage: version, proofs })
  context.result({ ...modelRecord(version), directory }, [
    `exported model ${version.modelId} to ${directory}`,
    ...(isSimulated(version.tee) ? [`  ${teeText(version.tee)}`] : []),
    `  ${parameters.length} parameters, digest ${toHex(version.digest)} checked; README.md there says how to load it`,
    `next: coffer model verify ${relative(context.io.cwd, directory) || '.'}`,
  ])
  return exits.ok.code
}

export async function evaluate(
  context: Context,
  options: Dial & { readonly data: string | undefined },
  given: string,
): Promise<number> {
  const modelId = checkedId(given, 'model')
  const path = context.path(required(options.data, 'data'))
  await stat(path).catch((cause: unknown) => {
    throw new CliError('CLI_FILE_UNREADABLE', `there is no data file ${path}`, { cause })
  })
  await using session = await openSession(context, options)
  const { version, spec, plan, parameters } = await fetchModel(session, modelId)
  const { evaluateModel, loadTable } = await import('../../parties/index.ts')
  const { signal } = session.open
  const { standardisation } = version
  const { task } = spec
  const table = await loadTable({ path, contract: spec.data, task, signal })
  for (const warning of table.warnings) context.remark(`warning: ${clean(warning)}`)
  const metrics = await evaluateModel({ plan, task, parameters, standardisation, table, signal })
  const rows = Object.entries(metrics).map(([name, value]) => [name, decimal(value)])
  context.result({ modelId: version.modelId, data: path, rows: table.rows, metrics }, [
    `model ${version.modelId.slice(0, 8)} on ${table.rows.toLocaleString('en-US')} rows of ${path}`,
    '',
    ...renderTable([{ title: 'METRIC' }, { title: 'VALUE', align: 'right' }], rows),
  ])
  return exits.ok.code
}
