/** A record judged again: as it was, offline; and no field of it can be changed so that it still says accepted. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseRecord, RecordError, type Replay, replayRecord, type VerificationRecord } from '../../../parties/index.ts'
import { sha256, toHex } from '../../../src/crypto/index.ts'
import { type Connected, type Connections, createConnections } from './connections.ts'

/** Stricter than the federation, and satisfied. */
const OVERLAY = 'maximumCollateralAge: 172800\n'

let connections: Connections
let accepted: Connected
beforeAll(async () => {
  connections = await createConnections()
  accepted = await connections.connect('accepted', { overlay: OVERLAY })
})
afterAll(() => connections[Symbol.asyncDispose]())

/** As somebody would read it who got the file: through the parser. */
async function replayed(value: unknown, directory = accepted.directory): Promise<Replay | RecordError> {
  try {
    const record = parseRecord(new Uint8Array(Buffer.from(JSON.stringify(value))), 'record.json')
    return await replayRecord(record, directory)
  } catch (error) {
    if (error instanceof RecordError) return error
    throw error
  }
}

/** What came out, in a word: a code of the record, `disagrees`, or the outcome. */
async function outcomeOf(value: unknown, directory?: string): Promise<string> {
  const replay = await replayed(value, directory)
  if (replay instanceof RecordError) return replay.code
  return replay.outcome === 'accepted' && replay.disagreements.length > 0 ? 'disagrees' : replay.outcome
}

test('an accepted record is accepted again, with the same facts, and agrees', async () => {
  expect(accepted.error).toBeUndefined()
  const replay = await replayRecord(accepted.record, accepted.directory)
  expect(replay).toMatchObject({ outcome: 'accepted', reasons: [], disagreements: [] })
  expect(replay.verdict).toMatchObject({ ok: true, binding: 'bound', simulated: true, tee: 'tdx' })
  expect(replay.evidence.policies).toHaveLength(2)
})

type Path = readonly (string | number)[]

function leaves(value: unknown, path: Path = []): { path: Path; value: unknown }[] {
  if (typeof value !== 'object' || value === null) return [{ path, value }]
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]))
}

function changed(record: VerificationRecord, path: Path, to: unknown): unknown {
  const copy: unknown = structuredClone(record)
  const last = path.at(-1)
  let place: unknown = copy
  for (const key of path.slice(0, -1)) place = Reflect.get(Object(place), key)
  if (last !== undefined) Reflect.set(Object(place), last, to)
  return copy
}

/** Another value of the same form; `seed` says where. */
function another(name: string, value: unknown, seed: number): unknown {
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return value + 1 + seed
  if (typeof value !== 'string') return 'ab'.repeat(32)
  if (name === 'answer.quote' || name === 'answer.statement') {
    const bytes = Buffer.from(value, 'base64')
    const at = (seed * 131) % (name === 'answer.quote' ? 1_200 : bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (seed % 8))
    return bytes.toString('base64')
  }
  if (/^[0-9a-f]{16,}$/.test(value)) {
    const at = (seed * 7) % value.length
    return value.slice(0, at) + ((Number.parseInt(value[at] ?? '0', 16) + 1) % 16).toString(16) + value.slice(at + 1)
  }
  return value === '' ? 'x' : `${value}x`
}

describe('every field of an accepted record', () => {
  /** What no evidence covers: the address is the agent's word; outcome and `simulated` contradict the content. */
  const uncovered: Record<string, string> = { address: 'accepted', outcome: 'disagrees', simulated: 'disagrees' }

  test('that is changed is refused, or makes it no record', async () => {
    const fields = leaves(accepted.record)
    expect(fields.length).toBeGreaterThan(25)
    for (const { path, value } of fields) {
      const name = path.join('.')
      const seeds = /quote|statement/.test(name) ? 16 : 4
      for (let seed = 0; seed < seeds; seed += 1) {
        const to = name === 'outcome' ? 'refused' : another(name, value, seed)
        const outcome = await outcomeOf(changed(accepted.record, path, to))
        const expected = uncovered[name]
        if (expected === undefined)
          expect(['refused', 'RECORD_INVALID', 'RECORD_OBJECT'], `${name} ${seed}`).toContain(outcome)
        else expect(outcome, name).toBe(expected)
      }
    }
  })

  test('that is taken away or of another type makes it no record', async () => {
    for (const { path } of leaves(accepted.record)) {
      const name = path.join('.')
      for (const to of [undefined, {}, [], 1e300]) {
        expect(await outcomeOf(changed(accepted.record, path, to)), name).toBe('RECORD_INVALID')
      }
    }
  })

  test('of the time: any other than the minutes of the key is refused', async () => {
    const at = (shift: number) => new Date(Date.parse(accepted.record.at) + shift).toISOString()
    for (const shift of [-3_600_000, -60_000, 360_000, 86_400_000, 50 * 86_400_000]) {
      expect(await outcomeOf(changed(accepted.record, ['at'], at(shift)))).toBe('refused')
    }
    // A clock cannot be proven to the second; the evidence was good for these as well.
    expect(await outcomeOf(changed(accepted.record, ['at'], at(1_000)))).toBe('accepted')
  })

  test('reasons that were added contradict the content', async () => {
    const reasons = [{ code: 'APPRAISAL_DEBUG', text: 'made up' }]
    expect(await outcomeOf({ ...accepted.record, reasons })).toBe('disagrees')
  })

  test('an event log in two places is no record: which one counts could be argued', async () => {
    const eventLog = Buffer.from('another').toString('base64')
    const value = { ...accepted.record, answer: { ...accepted.record.answer, eventLog } }
    expect(await outcomeOf(value)).toBe('RECORD_INVALID')
  })
})

describe('every object of an accepted record', () => {
  const kinds = ['policy', 'overlay', 'collateral', 'eventLog'] as const

  test.each(kinds)('%s, changed or gone, is noticed', async (kind) => {
    const digest = accepted.record.objects[kind] ?? ''
    const whole = await readFile(join(accepted.directory, 'objects', digest))
    const directory = join(accepted.directory, `changed-${kind}`)
    await mkdir(join(directory, 'objects'), { recursive: true })
    for (const other of kinds) {
      const name = accepted.record.objects[other] ?? ''
      await writeFile(join(directory, 'objects', name), await readFile(join(accepted.directory, 'objects', name)))
    }
    expect(await outcomeOf(accepted.record, directory)).toBe('accepted')
    for (let at = 0; at < whole.length; at += Math.ceil(whole.length / 20)) {
      await writeFile(
        join(directory, 'objects', digest),
        whole.map((byte, index) => (index === at ? byte ^ 1 : byte)),
      )
      expect(await outcomeOf(accepted.record, directory)).toBe('RECORD_OBJECT')
    }
    // Changed in the file and in the record together, it is another policy, or evidence that does not hold.
    const other = Buffer.from(whole.map((byte, index) => (index === whole.length >> 1 ? byte ^ 1 : byte)))
    const renamed = toHex(sha256(other))
    await writeFile(join(directory, 'objects', renamed), other)
    const value = changed(accepted.record, ['objects', kind], renamed)
    if (kind !== 'overlay') expect(['refused', 'RECORD_OBJECT']).toContain(await outcomeOf(value, directory))
  })

  test('in the place of another one is refused', async () => {
    const { objects } = accepted.record
    for (const kind of kinds) {
      for (const other of kinds.filter((each) => each !== kind)) {
        const value = changed(accepted.record, ['objects', kind], objects[other])
        expect(['refused', 'RECORD_OBJECT'], `${other} as ${kind}`).toContain(await outcomeOf(value))
      }
    }
  })

  test('left out: policy makes it no record, collateral refuses; overlay and event log were additions', async () => {
    const without = (kind: string) => outcomeOf(changed(accepted.record, ['objects', kind], null))
    expect(await without('policy')).toBe('RECORD_INVALID')
    expect(await without('collateral')).toBe('refused')
    expect(await without('overlay')).toBe('accepted')
    expect(await without('eventLog')).toBe('accepted')
  })
})

test('a refused record is refused again for the same reasons, and cannot be made to say accepted', async () => {
  const refused = await connections.connect('refused', { overlay: 'maximumCollateralAge: 60\n' })
  const replay = await replayRecord(refused.record, refused.directory)
  expect(replay).toMatchObject({
    outcome: 'refused',
    disagreements: [],
    reasons: [{ code: 'APPRAISAL_COLLATERAL_AGE' }],
  })
  const claimed = await replayed({ ...refused.record, outcome: 'accepted', reasons: [] }, refused.directory)
  expect(claimed).toMatchObject({ outcome: 'refused' })
  expect(claimed instanceof RecordError ? [] : claimed.disagreements).toHaveLength(2)
})

test('a refused answer of the largest size is a record that can be read again', async () => {
  const large = await connections.connect('large', {
    answer: (answer) => ({
      ...answer,
      quote: new Uint8Array(65_536).fill(1),
      statement: new Uint8Array(8_192),
      eventLog: new Uint8Array(256 * 1024),
    }),
  })
  expect(large.record.outcome).toBe('refused')
  expect(await outcomeOf(large.record, large.directory)).toBe('refused')
})
