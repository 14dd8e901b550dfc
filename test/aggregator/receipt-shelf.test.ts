import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { AggregatorError } from '../../src/aggregator/errors.ts'
import { ReceiptShelf } from '../../src/aggregator/receipt-shelf.ts'

const receiptOf = (round: number): Uint8Array => new Uint8Array(1000).fill(round)

function createDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-shelf-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function createShelf(options: { directory?: string; memoryBytes?: number }): ReceiptShelf {
  const shelf = new ReceiptShelf(options)
  onTestFinished(() => shelf[Symbol.dispose]())
  return shelf
}

async function read(shelf: ReceiptShelf, held: number): Promise<number[]> {
  const rounds: number[] = []
  for await (const receipt of shelf.after(held)) {
    expect(receipt).toEqual(receiptOf(receipt[0] ?? -1))
    rounds.push(receipt[0] ?? -1)
  }
  return rounds
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

test('every receipt is there in order, however few are in memory', async () => {
  const directory = createDirectory()
  const shelf = createShelf({ directory, memoryBytes: 3500 })
  expect(await read(shelf, 0)).toEqual([])
  for (const round of upTo(100)) shelf.push(receiptOf(round))
  expect(shelf.count).toBe(100)
  expect(shelf.last).toEqual(receiptOf(99))
  expect(await read(shelf, 0)).toEqual(upTo(100))
  expect(await read(shelf, 98)).toEqual([98, 99])
  expect(await read(shelf, 100)).toEqual([])
  // The temporary file has no name: nothing is left of it, however the process ends.
  expect(readdirSync(directory)).toEqual([])
})

test('a reader is given what comes while it reads, and what goes to the disk meanwhile', async () => {
  const shelf = createShelf({ directory: createDirectory(), memoryBytes: 2000 })
  for (const round of [0, 1]) shelf.push(receiptOf(round))
  const reader = shelf.after(0)
  expect((await reader.next()).value).toEqual(receiptOf(0))
  for (const round of [2, 3, 4]) shelf.push(receiptOf(round))
  const rest: unknown[] = []
  for await (const receipt of reader) rest.push(receipt)
  expect(rest).toEqual([1, 2, 3, 4].map(receiptOf))
})

test('where the disk does not take them, older receipts are gone and the newest are there', async () => {
  const shelf = createShelf({ directory: join(createDirectory(), 'nothing'), memoryBytes: 3500 })
  for (const round of upTo(10)) shelf.push(receiptOf(round))
  expect(shelf.count).toBe(10)
  expect(await read(shelf, 7)).toEqual([7, 8, 9])
  const failure: unknown = await read(shelf, 6).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(AggregatorError)
  expect(failure).toMatchObject({ code: 'AGGREGATION_RECEIPTS_GONE' })
  expect(String(failure)).toContain('round 6')
})

test('one receipt is held in memory however large it is', async () => {
  const shelf = createShelf({ directory: createDirectory(), memoryBytes: 10 })
  shelf.push(receiptOf(0))
  expect(await read(shelf, 0)).toEqual([0])
})
