/**
 * The list of updates in a sealed receipt, read from its text in one pass. A thousand parties read a thousand updates in
 * every round, and parsing JSON, checking each value and writing all of it again, to see that it is canonical, takes
 * several times as long.
 *
 * What is taken here is canonical by its form: members in order, no spaces, digits and letters that nothing escapes.
 * Everything else is left to the reader of the whole, which says what is wrong with it.
 */
import type { ReceiptUpdate } from './receipt.ts'

const begin = ',"updates":['
const update =
  /\{"base":(0|[1-9]\d{0,15}),"digest":"([0-9a-f]{64})","party":"([a-z][a-z0-9-]{0,62})","weight":([1-9]\d{0,15})\}([,\]])/y

export interface Split {
  /** As `readReceipt` would take them, but for the round that none may follow. */
  readonly updates: readonly ReceiptUpdate[]
  /** The same document with an empty list of updates. It is canonical if and only if the whole is. */
  readonly rest: Uint8Array
}

/**
 * Undefined for what is not written so. The first list of this name is taken: in a canonical receipt it is that of the
 * receipt, since no text in it has quotation marks; in any other document the rest is refused.
 */
export function splitUpdates(sealed: Uint8Array, most: number): Split | undefined {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  const text = bytes.toString('latin1')
  const at = text.indexOf(begin)
  if (at < 0) return undefined
  const updates: ReceiptUpdate[] = []
  let before = ''
  update.lastIndex = at + begin.length
  for (let end: string | undefined; end !== ']'; ) {
    const [, base, digest, party, weight, next] = update.exec(text) ?? []
    if (base === undefined || digest === undefined || party === undefined || weight === undefined) return undefined
    const numbers = { weight: Number(weight), base: Number(base) }
    const inOrder = party > before && updates.length < most
    if (!inOrder || !Number.isSafeInteger(numbers.weight) || !Number.isSafeInteger(numbers.base)) return undefined
    updates.push({ party, digest, ...numbers })
    before = party
    end = next
  }
  const [head, tail] = [bytes.subarray(0, at + begin.length), bytes.subarray(update.lastIndex - 1)]
  return { updates, rest: Buffer.concat([head, tail]) }
}
