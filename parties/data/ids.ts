/** Finds ids that were seen before: open addressing over row numbers, a quarter of the memory of a Set and no 2^24 limit. */
export interface IdIndex {
  /** @returns false if an earlier row has the same id. Rows count from 0. */
  add(row: number): boolean
}

/** `ids` is filled by the caller, up to `rows` of them; a row is added after its id is in. */
export function createIdIndex(ids: readonly string[], rows: number): IdIndex {
  const capacity = 2 ** Math.ceil(Math.log2(Math.max(rows, 4) * 1.5))
  // Row + 1; 0 is free.
  const slots = new Uint32Array(capacity)
  return {
    add: (row) => {
      const id = ids[row] ?? ''
      for (let slot = hash(id) % capacity; ; slot = (slot + 1) % capacity) {
        const taken = slots[slot] ?? 0
        if (taken === 0) {
          slots[slot] = row + 1
          return true
        }
        if (ids[taken - 1] === id) return false
      }
    },
  }
}

/** FNV-1a over UTF-16 code units, with the finish of MurmurHash3: ids that count up must not fill neighbouring slots. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
