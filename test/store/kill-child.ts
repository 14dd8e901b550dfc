/** Appends events for as long as it lives and prints each sequence after the store has acknowledged it. */
import { writeSync } from 'node:fs'
import { openStore } from '../../src/store/index.ts'
import { newRun, runId, state } from './fixtures.ts'

const store = await openStore(process.argv[2] ?? '')
await store.runs.create(newRun())
writeSync(1, '1\n')
for (let n = 0; ; n++) {
  const { events } = await store.runs.change(runId(1), () => ({
    events: [state('running', `first of ${n}`), { ...state('running', `second of ${n}`), sourceSequence: n + 1 }],
    leaves: [new TextEncoder().encode(`leaf ${n}`)],
  }))
  writeSync(1, `${events.at(-1)?.sequence}\n`)
}
