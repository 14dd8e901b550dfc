/** Where a store is, from its address. The address of a PostgreSQL store may hold a password: print `storeName` only. */
import { StoreError } from './errors.ts'

export type StoreLocation =
  | { readonly engine: 'sqlite'; readonly path: string }
  | { readonly engine: 'postgres'; readonly url: string }

export function parseStoreUrl(url: string): StoreLocation {
  if (url.startsWith('sqlite:') && url.length > 'sqlite:'.length) {
    return { engine: 'sqlite', path: url.slice('sqlite:'.length) }
  }
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return { engine: 'postgres', url }
  const scheme = /^[a-z0-9+.-]*/i.exec(url)?.[0] ?? ''
  throw new StoreError(
    'STORE_URL',
    `the store's address begins with "${scheme.slice(0, 20)}"; expected sqlite:PATH, sqlite::memory: or postgres://USER@HOST/DATABASE`,
  )
}

/** The address without user, password and options, for people and logs. */
export function storeName(url: string): string {
  const location = parseStoreUrl(url)
  if (location.engine === 'sqlite') return `sqlite:${location.path}`
  const { host, pathname } = new URL(location.url)
  return `postgres://${host}${pathname}`
}
