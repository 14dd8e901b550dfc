import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { treeRoot } from '../../src/ledger/index.ts'
import { openStore } from '../../src/store/index.ts'
import { buildLog, numbered } from '../ledger/logs.ts'
import { engines } from './engines.ts'
import { runId } from './fixtures.ts'

const child = fileURLToPath(new URL('kill-child.ts', import.meta.url))

describe.each(engines)('a process killed at any moment, on $name', (engine) => {
  // The moment is after a number of acknowledgements, in the middle of whatever the process does then.
  it.each([3, 130])('loses nothing it had acknowledged (after %i)', { timeout: 30_000 }, async (acknowledgements) => {
    await using database = await engine.create()
    const writer = spawn(process.execPath, ['--import', 'tsx', child, database.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let acknowledged = 0
    let lines = 0
    let rest = ''
    writer.stdout.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n')
      rest = parts.pop() ?? ''
      lines += parts.length
      acknowledged = Number(parts.at(-1) ?? acknowledged)
      if (lines >= acknowledgements) writer.kill('SIGKILL')
    })
    await once(writer, 'close')
    expect(writer.signalCode).toBe('SIGKILL')

    await using store = await openStore(database.url)
    const events = await store.events.read(runId(1), 0, 100_000)
    expect(acknowledged).toBeGreaterThanOrEqual(acknowledgements)
    expect(events.length).toBeGreaterThanOrEqual(acknowledged)
    expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1))
    // Both events of a change or neither, and the run's row is what its last event says.
    expect(events.length % 2).toBe(1)
    const last = events.at(-1)
    expect(await store.runs.get(runId(1))).toMatchObject({
      reason: last?.kind === 'state-changed' ? last.reason : '',
    })
    const changes = (events.length - 1) / 2
    expect(await store.runs.sourceSequence(runId(1))).toBe(changes)
    // The leaf of a change is in the log exactly if the change is.
    const { heads } = buildLog(numbered(changes))
    const tree = await store.ledger.tree()
    expect({ size: tree.size, root: treeRoot(tree) }).toEqual(heads.at(-1))
  })
})
