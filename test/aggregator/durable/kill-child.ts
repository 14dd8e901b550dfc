/** Opens or continues a run in a state directory, and says each thing that became durable, until it is killed. */
import { openState } from '../../../src/aggregator/durable/index.ts'

const [directory = '', runId = '', key = ''] = process.argv.slice(2)
const bytesOf = (text: string) => new TextEncoder().encode(text)
const say = (text: string) => process.stdout.write(`${text}\n`)

const states = await openState(directory)
const stored = states.list().some((each) => each.runId === runId)
const created = stored
  ? undefined
  : await states.create({ runId, federation: 'north', spec: '{}', parties: [], created: 0 })
const opened = created ?? (await states.unlock(runId, Buffer.from(key, 'hex')))
if (created !== undefined) say(`key ${Buffer.from(created.runKey).toString('hex')}`)
const first = 'round' in opened ? (opened.round ?? -1) + 1 : 0
for (let round = first; ; round += 1) {
  const state = new Uint8Array(3_000_000).fill(round)
  await opened.journal.append(bytesOf(`record ${round}`))
  say(`record ${round}`)
  await opened.journal.commit({ round, state, record: bytesOf(`commit ${round}`) })
  say(`commit ${round}`)
}
