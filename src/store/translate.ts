/** Every call into the database goes through here: driver errors become StoreErrors, lost work is repeated. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Transaction } from 'kysely'
import { CodedError } from '../errors/index.ts'
import { StoreError } from './errors.ts'
import type { Engine, Tables } from './schema.ts'

/**
 * Work that lost against another writer is repeated after 1, 2, 4, ... 64 ms, for about five seconds in all: a backup or
 * a second program may hold SQLite's file, and the event loop must go on meanwhile.
 */
const ATTEMPTS = 80
const LONGEST_WAIT_MS = 64

export interface Translator {
  /** `work` may be called again if the database undid it. */
  guard<T>(work: () => Promise<T>): Promise<T>
  /** The same in a transaction. */
  transaction<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T>
  /** Closes the engine, once; whoever comes later gets STORE_CLOSED. */
  close(): Promise<void>
}

export function createTranslator(engine: Engine): Translator {
  let closing: Promise<void> | undefined
  const closed = (cause?: unknown) => new StoreError('STORE_CLOSED', 'the store is closed', { cause })

  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let attempt = 0; ; attempt++) {
      if (closing !== undefined) throw closed()
      try {
        return await work()
      } catch (error) {
        const translated = engine.translate(error)
        if (!translated) throw closing !== undefined && !(error instanceof CodedError) ? closed(error) : error
        if (!translated.again || attempt === ATTEMPTS) throw translated.error
        await wait(Math.min(2 ** attempt, LONGEST_WAIT_MS))
      }
    }
  }
  return {
    guard,
    transaction: (work) => guard(() => engine.db.transaction().execute(work)),
    close: () => {
      closing ??= engine.db.destroy()
      return closing
    },
  }
}
