/**
 * Model versions and their bytes. Bytes come and go in parts, so that neither a model nor a transaction of its size is
 * ever held whole: a model of 10 million parameters is 40 rows of 1 MiB.
 */
import { createHash } from 'node:crypto'
import { finalRunStates } from '../round/index.ts'
import { StoreError } from './errors.ts'
import { bytesOf, modelFromRow } from './rows.ts'
import type { Engine } from './schema.ts'
import type { ModelStore } from './store.ts'
import type { Translator } from './translate.ts'

export const MODEL_PART_BYTES = 1 << 20
const endedWithoutModel = finalRunStates.filter((state) => state !== 'finished')

export function createModelStore({ db }: Engine, { guard }: Translator): ModelStore {
  const byId = (modelId: string) =>
    db.selectFrom('models').selectAll().where('model_id', '=', modelId).executeTakeFirst()

  const get: ModelStore['get'] = (modelId) =>
    guard(async () => {
      const row = await byId(modelId)
      return row && modelFromRow(row)
    })

  async function write(modelId: string, runId: string, data: AsyncIterable<Uint8Array>): Promise<void> {
    if (await get(modelId)) {
      throw new StoreError('STORE_CONFLICT', `model version ${modelId} is registered; its bytes do not change any more`)
    }
    await guard(() => db.deleteFrom('model_parts').where('model_id', '=', modelId).execute())
    let part = 0
    for await (const bytes of inParts(data)) {
      const row = { model_id: modelId, part, data: bytes, run_id: runId }
      await guard(() => db.insertInto('model_parts').values(row).execute())
      part++
    }
  }

  async function* read(modelId: string): AsyncGenerator<Uint8Array> {
    const model = await get(modelId)
    if (!model) throw new StoreError('STORE_UNKNOWN_MODEL', `model version ${modelId} is not in the store`)
    const hash = createHash('sha256')
    for (let part = 0; ; part++) {
      const row = await guard(() => partOf(modelId, part))
      if (!row) break
      const bytes = bytesOf(row.data)
      hash.update(bytes)
      yield bytes
    }
    if (!hash.digest().equals(model.digest)) {
      throw new StoreError('STORE_CORRUPT', `the stored bytes of model version ${modelId} do not have its digest`)
    }
  }

  const partOf = (modelId: string, part: number) =>
    db
      .selectFrom('model_parts')
      .select('data')
      .where('model_id', '=', modelId)
      .where('part', '=', part)
      .executeTakeFirst()

  const discard: ModelStore['discard'] = (runId) =>
    guard(async () => {
      const ended = db.selectFrom('runs').select('run_id').where('state', 'in', endedWithoutModel)
      const of = runId === undefined ? ended : ended.where('run_id', '=', runId)
      await db.deleteFrom('model_parts').where('run_id', 'in', of).execute()
    })

  return {
    write,
    discard,
    get,
    find: (prefix) =>
      guard(async () => {
        const query = db.selectFrom('models').selectAll().where('model_id', 'like', `${prefix}%`).limit(2)
        return (await query.execute()).map(modelFromRow)
      }),
    list: (limit) =>
      guard(async () => {
        const newest = db.selectFrom('models').selectAll().orderBy('created_ms', 'desc').orderBy('model_id')
        return (await newest.limit(limit).execute()).map(modelFromRow)
      }),
    read,
  }
}

/** The same bytes in pieces of exactly MODEL_PART_BYTES, the last one shorter; at most one piece is held. */
async function* inParts(data: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let piece = new Uint8Array(MODEL_PART_BYTES)
  let filled = 0
  for await (const bytes of data) {
    for (let at = 0; at < bytes.length; ) {
      const taken = bytes.subarray(at, at + MODEL_PART_BYTES - filled)
      piece.set(taken, filled)
      filled += taken.length
      at += taken.length
      if (filled === MODEL_PART_BYTES) {
        yield piece
        piece = new Uint8Array(MODEL_PART_BYTES)
        filled = 0
      }
    }
  }
  if (filled > 0) yield piece.subarray(0, filled)
}
