/**
 * Collateral from a service, kept in memory and on disk. What has passed its next update is never given out. What is
 * still good is given out at once and, when it is due, renewed behind that: a service that is away for some days then
 * delays nobody and is a warning in the log.
 */
import { type Platform, platformOf } from '../../src/attestation/index.ts'
import type { Log } from '../../src/rpc/index.ts'
import { type CollateralCache, createCollateralCache, type Kept } from './cache.ts'
import { CollateralError } from './errors.ts'
import { cancelled, fetchCollateral } from './fetch.ts'
import { createFlights } from './flights.ts'
import { isoOf, platformName } from './form.ts'
import { createMemory } from './memory.ts'
import { parseCollateralService, type Service } from './service.ts'
import type { CollateralSource, CollateralSourceOptions } from './source.ts'

/** Intel signs TCB info and lists anew every day for 30 days; after a day, a revocation may have been published. */
const RENEW_AFTER_MS = 86_400_000
/** Between two renewals, so that each connection does not become a try where the service fails or has nothing newer. */
const RENEW_PAUSE_MS = 600_000

export function createOnlineSource(options: CollateralSourceOptions): CollateralSource {
  const { now, log } = options
  const service = parseCollateralService(options)
  if (service.plain) log.warn({ service: service.base }, 'collateral comes over plain http, from this machine only')
  const cache = createCollateralCache(options.cacheDirectory)
  const fetched = createFetcher(service, cache, options)
  const flights = createFlights<Kept>()
  const closed = new AbortController()
  const memory = createMemory()
  const pausedUntil = new Map<string, number>()
  const renewing = new Set<string>()

  const obtain = async (platform: Platform, signal: AbortSignal): Promise<Kept> => {
    const kept = (await readKept(cache, platform, log)) ?? memory.get(platform)
    if (kept !== undefined && isGood(kept, now())) return memory.put(kept)
    try {
      return memory.put(await fetched(platform, signal))
    } catch (error) {
      throw kept === undefined ? error : expired(kept, error)
    }
  }

  const renew = async (kept: Kept): Promise<void> => {
    const name = platformName(kept.platform)
    if (!isDue(kept, now()) || renewing.has(name) || now() < (pausedUntil.get(name) ?? 0)) return
    renewing.add(name)
    const work = async (signal: AbortSignal) => memory.put(await fetched(kept.platform, signal))
    try {
      await flights.join(name, work, closed.signal, () => cancelled(kept.platform))
      log.info({ platform: name }, 'collateral renewed')
    } catch (error) {
      if (!(error instanceof CollateralError)) throw error
      if (error.code === 'COLLATERAL_CANCELLED') return
      const until = `what is at hand is good until ${isoOf(kept.validUntil)}`
      log.warn({ code: error.code, next: error.row.next }, `collateral was not renewed: ${error.message}; ${until}`)
    } finally {
      renewing.delete(name)
      pausedUntil.set(name, now() + RENEW_PAUSE_MS)
    }
  }

  return {
    async find(quote, signal) {
      const platform = platformOf(quote)
      const name = platformName(platform)
      const left = () => cancelled(platform)
      if (closed.signal.aborted || signal.aborted) throw left()
      const held = memory.get(platform)
      const good = held !== undefined && isGood(held, now())
      const kept = good ? held : await flights.join(name, (stop) => obtain(platform, stop), signal, left)
      renew(kept).catch((error: unknown) => log.error({ error }, 'renewing collateral failed'))
      return kept
    },
    async forget(quote) {
      const platform = platformOf(quote)
      memory.delete(platform)
      await cache.remove(platform)
    },
    async [Symbol.asyncDispose]() {
      closed.abort()
      await flights.close()
    },
  }
}

/** Fetches and keeps. A cache that cannot be written is a warning: the collateral is as good. */
function createFetcher(
  service: Service,
  cache: CollateralCache,
  { now, log, fetchTimeoutMs }: CollateralSourceOptions,
) {
  return async (platform: Platform, signal: AbortSignal): Promise<Kept> => {
    const limit = fetchTimeoutMs === undefined ? {} : { timeoutMs: fetchTimeoutMs }
    const found = await fetchCollateral(platform, service, { signal, now, ...limit })
    const kept = { ...found, fetched: now() }
    if (!isGood(kept, now())) throw expired(kept, undefined, service.base)
    try {
      await cache.write(kept)
    } catch (error) {
      if (!(error instanceof CollateralError)) throw error
      log.warn({ code: error.code, next: error.row.next }, `collateral was not kept on disk: ${error.message}`)
    }
    return kept
  }
}

async function readKept(cache: CollateralCache, platform: Platform, log: Log): Promise<Kept | undefined> {
  try {
    return await cache.read(platform)
  } catch (error) {
    if (!(error instanceof CollateralError)) throw error
    log.warn({ code: error.code, next: error.row.next }, `collateral on disk is not used: ${error.message}`)
    return undefined
  }
}

const isGood = ({ validUntil }: Kept, now: number): boolean => validUntil >= now

/** A day old, or half of what was left of its life is gone, or from a future that the clock took back. */
function isDue({ fetched, validUntil }: Kept, now: number): boolean {
  const age = now - fetched
  return age < 0 || age >= Math.min(RENEW_AFTER_MS, (validUntil - fetched) / 2)
}

function expired({ platform, validUntil }: Kept, error: unknown, service?: string): unknown {
  if (error !== undefined && (!(error instanceof CollateralError) || error.code === 'COLLATERAL_CANCELLED'))
    return error
  const from = service === undefined ? '' : ` from ${service}`
  const why = error === undefined ? '' : `; ${error.message}`
  const text = `collateral of ${platformName(platform)}${from} was valid until ${isoOf(validUntil)}${why}`
  return new CollateralError('COLLATERAL_EXPIRED', text, { cause: error })
}
