import { describe, expect, it } from 'vitest'
import { openStore, type Store, StoreError } from '../../src/store/index.ts'
import { engines, type TestDatabase } from './engines.ts'
import { chunks, collected, modelVersion, newRun, runId, state } from './fixtures.ts'

const rejects = (code: string) => expect.toSatisfy((error) => error instanceof StoreError && error.code === code)
const bytes = (length: number, seed = 1) => new Uint8Array(length).map((_, index) => (index * 31 + seed) & 0xff)
const MIB = 1 << 20

describe.each(engines)('model versions on $name', (engine) => {
  const withStore = async (test: (store: Store, database: TestDatabase) => Promise<void>): Promise<void> => {
    await using database = await engine.create()
    await using store = await openStore(database.url)
    await test(store, database)
  }
  const register = async (store: Store, data: Uint8Array, n = 1, chunk = 300_001): Promise<string> => {
    const model = modelVersion(data, n)
    await store.runs.create(newRun(n))
    await store.models.write(model.modelId, runId(n), chunks(data, chunk))
    await store.runs.change(runId(n), () => ({ events: [state('finished')], model }))
    return model.modelId
  }

  it.each([0, 4, MIB - 4, MIB, MIB + 4, 3 * MIB + 12])(
    'gives back %i bytes as they came, in parts of 1 MiB',
    (length) =>
      withStore(async (store) => {
        const data = bytes(length)
        const modelId = await register(store, data)
        const sizes: number[] = []
        for await (const part of store.models.read(modelId)) sizes.push(part.length)
        expect(sizes).toEqual(
          Array.from({ length: Math.ceil(length / MIB) }, (_, n) => Math.min(MIB, length - n * MIB)),
        )
        expect(Buffer.from(await collected(store.models.read(modelId))).equals(data)).toBe(true)
      }),
  )

  it('shows nothing of an attempt that was cut short, and the next attempt replaces it', () =>
    withStore(async (store) => {
      const data = bytes(2 * MIB + 8)
      const model = modelVersion(data)
      const cut = async function* () {
        yield bytes(3 * MIB, 7)
        throw new Error('the connection broke')
      }
      await expect(store.models.write(model.modelId, runId(1), cut())).rejects.toThrow('the connection broke')
      expect(await store.models.get(model.modelId)).toBeUndefined()
      expect(await store.models.list(10)).toEqual([])
      const modelId = await register(store, data)
      expect(Buffer.from(await collected(store.models.read(modelId))).equals(data)).toBe(true)
    }))

  it('deletes what was written for runs that ended without a model, and nothing else', () =>
    withStore(async (store, database) => {
      const kept = await register(store, bytes(8), 1)
      const states = ['stopped', 'abandoned', 'rejected', 'running'] as const
      for (const [index, end] of states.entries()) {
        const n = index + 2
        await store.runs.create(newRun(n))
        await store.models.write(`model-${n}`, runId(n), chunks(bytes(MIB + 4), MIB))
        await store.runs.change(runId(n), () => ({ events: [state(end)] }))
      }
      await store.models.discard(runId(1))
      await store.models.discard(runId(2))
      expect(await database.rows('select distinct model_id from model_parts order by model_id')).toEqual(
        [kept, 'model-3', 'model-4', 'model-5'].sort().map((model_id) => ({ model_id })),
      )
      await store.models.discard()
      expect(await database.rows('select distinct model_id from model_parts order by model_id')).toEqual(
        [kept, 'model-5'].sort().map((model_id) => ({ model_id })),
      )
      expect(await collected(store.models.read(kept))).toEqual(bytes(8))
    }))

  it('does not touch the bytes of a registered model version', () =>
    withStore(async (store) => {
      const data = bytes(8)
      const modelId = await register(store, data)
      await expect(store.models.write(modelId, runId(1), chunks(bytes(8, 9), 8))).rejects.toEqual(
        rejects('STORE_CONFLICT'),
      )
      expect(await collected(store.models.read(modelId))).toEqual(data)
    }))

  it('notices bytes that were changed or lost in the database', () =>
    withStore(async (store, database) => {
      const modelId = await register(store, bytes(2 * MIB))
      await database.query('delete from model_parts where part = 1')
      await expect(collected(store.models.read(modelId))).rejects.toEqual(rejects('STORE_CORRUPT'))
    }))

  it('finds by prefix, lists newest first, and refuses what it does not hold', () =>
    withStore(async (store) => {
      const first = await register(store, bytes(8, 1), 1)
      const second = await register(store, bytes(8, 2), 2)
      expect((await store.models.list(10)).map((model) => model.modelId)).toEqual([second, first])
      expect(await store.models.list(1)).toEqual([modelVersion(bytes(8, 2), 2)])
      expect(await store.models.find(first.slice(0, 6))).toEqual([modelVersion(bytes(8, 1), 1)])
      expect(await store.models.find('')).toHaveLength(2)
      expect(await store.models.find('ffffffff')).toEqual([])
      await expect(collected(store.models.read('0000'))).rejects.toEqual(rejects('STORE_UNKNOWN_MODEL'))
    }))
})
