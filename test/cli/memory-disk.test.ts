/** The disk of a simulated party does what the agent's own disk does, seen by the same steps on both. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createDisks } from '../../src/cli/simulate/memory-disk.ts'
import { disk as realDisk } from '../../parties/state/index.ts'

const bytes = (text: string) => new Uint8Array(Buffer.from(text))

test('every step gives the same as on the real disk', async () => {
  await using disks = createDisks(() => 7)
  const at = mkdtempSync(join(tmpdir(), 'coffer-disk-'))
  const run = join(at, 'run')
  const seen: unknown[] = []
  for (const disk of [disks.create(), realDisk]) {
    const names = async (directory: string) => (await disk.list(directory)).map(({ name }) => name).sort()
    const found: unknown[] = [await names(run), await disk.read(run, 'facts', 10)]
    await disk.makeDirectory(run)
    await disk.write(run, 'facts', [bytes('ab'), bytes('cd')])
    await disk.append(run, 'log', 0, bytes('one'))
    await disk.append(run, 'log', 3, bytes('two'))
    // What a crash left half written is cut off.
    await disk.append(run, 'log', 4, bytes('2'))
    found.push(await names(at), await names(run), await disk.read(run, 'facts', 10), await disk.read(run, 'log', 10))
    await disk.rename(run, 'facts', 'kept')
    await disk.write(run, 'big', [new Uint8Array(2 ** 20), bytes('!')])
    found.push(await names(run), (await disk.read(run, 'big', 2 ** 21))?.length)
    await disk.remove(run, 'big')
    await disk.remove(run, 'nothing')
    found.push(await names(run), await disk.read(run, 'big', 2 ** 21))
    await expect(disk.read(run, 'log', 2)).rejects.toThrow(/5 bytes, at most 2/)
    await disk.remove(at, 'run')
    found.push(await names(at))
    seen.push(found)
  }
  expect(seen[0]).toEqual(seen[1])
})

test('what is given to it may change afterwards, and what several parties append is there once', async () => {
  await using disks = createDisks(() => 7)
  const [one, other] = [disks.create(), disks.create()]
  const receipt = bytes('receipt')
  for (const disk of [one, other]) await disk.append('/state', 'receipts', 0, receipt)
  await one.write('/state', 'update', [receipt])
  receipt.fill(0)
  for (const disk of [one, other]) expect(await disk.read('/state', 'receipts', 99)).toEqual(bytes('receipt'))
  expect(await one.read('/state', 'update', 99)).toEqual(bytes('receipt'))
  expect(await other.read('/state', 'update', 99)).toBeUndefined()
})
