/** Opens a store: finds the engine by the address, brings the schema up to date, hands out what it holds. */
import { createEventStore } from './events.ts'
import { createLedgerStore } from './ledger.ts'
import { migrate } from './migrations.ts'
import { createModelStore } from './models.ts'
import { openPostgres } from './postgres.ts'
import { createRunStore } from './runs.ts'
import type { Engine } from './schema.ts'
import { openSqlite } from './sqlite.ts'
import type { Store } from './store.ts'
import { createTranslator } from './translate.ts'
import { parseStoreUrl } from './url.ts'

/**
 * `url`: sqlite:PATH (created if absent, mode 0600), sqlite::memory:, or postgres://USER:PASSWORD@HOST/DATABASE.
 * Fails with STORE_URL, STORE_UNREACHABLE, STORE_NEWER_SCHEMA, STORE_CORRUPT or STORE_FULL.
 */
export async function openStore(url: string): Promise<Store> {
  const location = parseStoreUrl(url)
  return storeOn(location.engine === 'sqlite' ? openSqlite(location.path) : openPostgres(location.url))
}

/** A store on an engine that is already open; it owns the engine from here on. */
export async function storeOn(engine: Engine): Promise<Store> {
  const translator = createTranslator(engine)
  try {
    await translator.guard(() => migrate(engine))
  } catch (error) {
    await translator.close()
    throw error
  }
  return {
    engine: engine.engine,
    runs: createRunStore(engine, translator),
    events: createEventStore(engine, translator),
    models: createModelStore(engine, translator),
    ledger: createLedgerStore(engine, translator),
    close: translator.close,
    [Symbol.asyncDispose]: translator.close,
  }
}
