import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openStore, type StoreCode, StoreError, storeName } from '../../src/store/index.ts'
import { engines } from './engines.ts'
import { chunks, closed, collected, modelVersion, newRun, runId, state } from './fixtures.ts'

const rejects = (code: StoreCode, text = '') =>
  expect.toSatisfy((error) => error instanceof StoreError && error.code === code && error.message.includes(text))

describe.each(engines)('opening a store on $name', (engine) => {
  it('keeps what was stored when it is opened again, and closes more than once', async () => {
    await using database = await engine.create()
    const first = await openStore(database.url)
    const run = await first.runs.create(newRun())
    await first.close()
    await first.close()
    await using second = await openStore(database.url)
    expect(await second.runs.get(run.runId)).toEqual(run)
  })

  it('says so when it is used after it was closed', async () => {
    await using database = await engine.create()
    const store = await openStore(database.url)
    await store.close()
    await expect(store.runs.list(1)).rejects.toEqual(rejects('STORE_CLOSED'))
    await expect(store.runs.create(newRun())).rejects.toEqual(rejects('STORE_CLOSED'))
  })

  it('lets several programs prepare the same database at once', async () => {
    await using database = await engine.create()
    const stores = await Promise.all([1, 2, 3].map(() => openStore(database.url)))
    await stores[0]?.runs.create(newRun())
    expect(await stores[2]?.runs.countUnfinished()).toBe(1)
    await Promise.all(stores.map((store) => store.close()))
  })

  it('brings a database of the first schema up to date: models stay, what belongs to none goes', async () => {
    await using database = await engine.create()
    const first = await openStore(database.url)
    const model = modelVersion(new Uint8Array(8))
    await first.runs.create(newRun())
    await first.models.write(model.modelId, runId(1), chunks(new Uint8Array(8), 8))
    await first.runs.change(runId(1), () => ({ events: [state('finished')], model }))
    await first.models.write('cut-short', runId(1), chunks(new Uint8Array(8), 8))
    await first.close()
    await database.query('drop index model_parts_by_run')
    await database.query('alter table model_parts drop column run_id')
    await database.query('alter table runs drop column tee')
    await database.query('alter table models drop column tee')
    for (const table of ['leaves', 'nodes', 'tree', 'checkpoints']) await database.query(`drop table ledger_${table}`)
    await database.query('update coffer_schema set version = 1')
    await using store = await openStore(database.url)
    expect(await collected(store.models.read(model.modelId))).toEqual(new Uint8Array(8))
    expect(await database.rows('select model_id, run_id from model_parts')).toEqual([
      { model_id: model.modelId, run_id: runId(1) },
    ])
    // Of what was made before it was kept, nobody knows in which TEE.
    expect(await store.runs.get(runId(1))).toMatchObject({ tee: '', modelId: model.modelId })
    expect(await store.models.get(model.modelId)).toMatchObject({ tee: '' })
    expect(await store.ledger.tree()).toEqual({ size: 0, peaks: [] })
  })

  it('refuses a database of a newer release and leaves it as it is', async () => {
    await using database = await engine.create()
    await (await openStore(database.url)).close()
    await database.query('update coffer_schema set version = 99')
    await expect(openStore(database.url)).rejects.toEqual(rejects('STORE_NEWER_SCHEMA', 'schema 99'))
    await database.query('update coffer_schema set version = 4')
    await (await openStore(database.url)).close()
  })

  it.each([
    ['a body that is not JSON', `update run_events set body_json = '{' where sequence = 2`],
    ['a body of no known kind', `update run_events set body_json = '{"kind":"exploded"}' where sequence = 2`],
    [
      'a digest that is not hex',
      `update run_events set body_json = replace(body_json, '"modelDigest":"', '"modelDigest":"xyz')`,
    ],
  ])('names the place of %s', async (_, sql) => {
    await using database = await engine.create()
    await using store = await openStore(database.url)
    await store.runs.create(newRun())
    await store.runs.change(runId(1), () => ({ events: [{ atMs: 1, ...closed(1) }] }))
    await database.query(sql)
    const place = `event 2 of run ${runId(1)}`
    await expect(store.events.read(runId(1), 0, 10)).rejects.toEqual(rejects('STORE_CORRUPT', place))
    expect(await store.events.read(runId(1), 0, 1)).toHaveLength(1)
  })

  it.each([
    ['a state', `update runs set state = 'lost'`],
    ['metrics', `update runs set metrics_json = '{"auc":"high"}'`],
    ['a decision', `update run_parties set decision = 'perhaps'`],
  ])('names the run of %s that makes no sense', async (_, sql) => {
    await using database = await engine.create()
    await using store = await openStore(database.url)
    await store.runs.create(newRun())
    await database.query(sql)
    await expect(store.runs.get(runId(1))).rejects.toEqual(rejects('STORE_CORRUPT', runId(1)))
  })
})

describe('the address of a store', () => {
  it.each(['', 'sqlite:', 'mysql://host/db', '/tmp/x.db', 'postgres:db', 'postgres://['])(
    'refuses "%s"',
    async (url) => {
      await expect(openStore(url)).rejects.toEqual(rejects('STORE_URL'))
    },
  )

  it('does not show a password, not even of an address it refuses', async () => {
    expect(storeName('postgres://user:secret@db.example:5432/coffer?sslmode=require')).toBe(
      'postgres://db.example:5432/coffer',
    )
    expect(storeName('sqlite:coordinator.db')).toBe('sqlite:coordinator.db')
    await expect(openStore('mysql://user:secret@host/db')).rejects.not.toThrow(/secret/)
  })
})

describe('a PostgreSQL that does not help', () => {
  it('is unreachable when nothing listens', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    await new Promise((resolve) => server.close(resolve))
    const failure = openStore(`postgres://user:secret@127.0.0.1:${port}/coffer`)
    await expect(failure).rejects.toEqual(rejects('STORE_UNREACHABLE', `127.0.0.1:${port}/coffer`))
    await expect(failure).rejects.not.toThrow(/secret/)
  })

  it('is unreachable when what listens is something else', async () => {
    const server = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    await expect(openStore(`postgres://127.0.0.1:${port}/coffer`)).rejects.toEqual(rejects('STORE_UNREACHABLE'))
    await new Promise((resolve) => server.close(resolve))
  })
})

describe.runIf(engines.some((engine) => engine.name === 'postgres'))('a PostgreSQL that refuses', () => {
  const engine = engines.find((each) => each.name === 'postgres')

  it('is unreachable when the database does not exist', async () => {
    await using database = await engine?.create()
    const url = new URL(database?.url ?? '')
    url.pathname = '/no_such_database'
    await expect(openStore(url.href)).rejects.toEqual(rejects('STORE_UNREACHABLE', '3D000'))
  })

  it('is full when the server says that its disk is (SQLSTATE 53100), and nothing is kept', async () => {
    if (!engine) return
    await using database = await engine.create()
    await using store = await openStore(database.url)
    await store.runs.create(newRun())
    await database.query(`
      create function full_disk() returns trigger language plpgsql as
        $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
      create trigger full_disk before insert on run_events for each row execute function full_disk()`)
    await expect(store.runs.change(runId(1), () => ({ events: [state('stopped')] }))).rejects.toEqual(
      rejects('STORE_FULL'),
    )
    expect(await store.runs.get(runId(1))).toMatchObject({ state: 'proposed' })
  })

  it('goes on after the server has cut its connections', async () => {
    if (!engine) return
    await using database = await engine.create()
    await using store = await openStore(`${database.url}&application_name=coffer_cut_${process.pid}`)
    await store.runs.create(newRun())
    const busy = store.runs.change(runId(1), () => {
      throw new Error('unused')
    })
    await expect(busy).rejects.toThrow('unused')
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'coffer_cut_${process.pid}'`
    await database.query(cut)
    const attempts: unknown[] = []
    const run = await vi.waitFor(() =>
      store.runs.get(runId(1)).catch((error: unknown) => {
        attempts.push(error)
        throw error
      }),
    )
    expect(run).toMatchObject({ state: 'proposed' })
    for (const error of attempts) expect(error).toEqual(rejects('STORE_UNREACHABLE'))
  })

  it('repeats a transaction that the server undid for another one (40001), and gives up in the end', async () => {
    if (!engine) return
    await using database = await engine.create()
    await using store = await openStore(database.url)
    await store.runs.create(newRun())
    await database.query(`
      create sequence attempts;
      create function lose() returns trigger language plpgsql as
        $$ begin if nextval('attempts') < 4 then raise exception 'lost' using errcode = '40001'; end if; return new; end $$;
      create trigger lose before insert on run_events for each row execute function lose()`)
    let plans = 0
    const { run } = await store.runs.change(runId(1), () => {
      plans++
      return { events: [state('accepted')] }
    })
    expect(run.state).toBe('accepted')
    expect(plans).toBe(4)
  })
})

describe('an SQLite file', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'coffer-open-'))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  it('may be read by its owner only, with its companions, even when it was made otherwise', async () => {
    const path = join(directory, 'a.db')
    writeFileSync(path, '', { mode: 0o644 })
    await using store = await openStore(`sqlite:${path}`)
    await store.runs.create(newRun())
    const modes = ['', '-wal', '-shm'].map((end) => statSync(path + end).mode & 0o777)
    expect(modes).toEqual([0o600, 0o600, 0o600])
  })

  it('leaves one whole file when it is closed', async () => {
    const path = join(directory, 'a.db')
    const store = await openStore(`sqlite:${path}`)
    await store.runs.create(newRun())
    await store.close()
    writeFileSync(join(directory, 'copy.db'), readFileSync(path))
    await using copy = await openStore(`sqlite:${join(directory, 'copy.db')}`)
    expect(await copy.runs.countUnfinished()).toBe(1)
  })

  it('is unreachable where there is no folder, or where the path is one', async () => {
    const nowhere = join(directory, 'no', 'folder.db')
    await expect(openStore(`sqlite:${nowhere}`)).rejects.toEqual(rejects('STORE_UNREACHABLE', nowhere))
    mkdirSync(join(directory, 'folder.db'))
    await expect(openStore(`sqlite:${join(directory, 'folder.db')}`)).rejects.toEqual(rejects('STORE_UNREACHABLE'))
  })

  it('is corrupt when it is something else', async () => {
    const path = join(directory, 'notes.txt')
    writeFileSync(path, 'not a database '.repeat(1_000))
    await expect(openStore(`sqlite:${path}`)).rejects.toEqual(rejects('STORE_CORRUPT', path))
  })

  it('is corrupt when its pages were overwritten', async () => {
    const path = join(directory, 'a.db')
    const store = await openStore(`sqlite:${path}`)
    await store.models.write('00', runId(1), chunks(new Uint8Array(500_000), 100_000))
    await store.close()
    const file = readFileSync(path)
    writeFileSync(path, file.fill(0xa5, 4_096))
    await expect(openStore(`sqlite:${path}`)).rejects.toEqual(rejects('STORE_CORRUPT', path))
  })

  it('is busy when another program keeps it locked, and goes on when that lets go in time', async () => {
    const path = join(directory, 'a.db')
    await using store = await openStore(`sqlite:${path}`)
    const other = new DatabaseSync(path)
    other.exec('begin immediate')
    const waiting = store.runs.create(newRun())
    setImmediate(() => other.exec('rollback'))
    expect(await waiting).toMatchObject({ state: 'proposed' })
    other.close()
  })
})
