/**
 * How long does a run stand still when a program is killed? Real processes over mTLS on loopback, a supervisor that starts
 * the program again at once, and a job that is small: what is measured is the way back, not the training. From the kill to
 * the next round that is released (aggregator, coordinator: as a watcher sees it), and to the next update that the party
 * is acknowledged. Beside it what the same process takes to start, which no supervisor can save, and a round of the same
 * job in which nothing happens.
 */
import type { RunEvent } from '../src/round/index.ts'
import { type Disturbance, Federation, isDelivery, quickSpec, type Role } from '../test/faults/federation.ts'
import type { Question, Row, Setting } from './question.ts'

const TIMES = { quick: 1, full: 7 }
/** Everybody is needed, so that a run waits for a party that was killed. */
const spec = () => quickSpec({ count: 3, quorum: 3 })
const programs = ['aggregator', 'coordinator', 'bank-b'] as const satisfies readonly Role[]

export const recovery: Question = {
  name: 'recovery',
  asks:
    'Time from a kill -9 of each program in a round to the next released round, or the next acknowledged update of the ' +
    'party, against the bare start of that program and against a round in which nothing happens.',
  async *measure(setting) {
    await using federation = await Federation.start()
    const roundMs = await undisturbedRound(federation, setting)
    yield row('round in which nothing happens', roundMs, null, null)
    for (const role of programs) yield* measureProgram(federation, role, roundMs, setting)
  },
}

const row = (name: string, value: number, ratio: number | null, against: string | null): Row => ({
  ...{ question: 'recovery', case: name, value, unit: 'ms', ratio, against },
})

const times = ({ quick }: Setting): number[] => Array.from({ length: quick ? TIMES.quick : TIMES.full }, (_, at) => at)

/** Median of what a watcher sees between two released training rounds. */
async function undisturbedRound(federation: Federation, setting: Setting): Promise<number> {
  const found: number[] = []
  for (const _ of times(setting)) {
    let before: number | undefined
    await federation.play(spec(), (event) => {
      if (event.kind !== 'round-closed') return undefined
      const at = performance.now()
      if (before !== undefined && event.task === 'train') found.push(at - before)
      before = at
      return undefined
    })
  }
  return median(found)
}

async function* measureProgram(
  federation: Federation,
  role: (typeof programs)[number],
  roundMs: number,
  setting: Setting,
): AsyncGenerator<Row> {
  const name = role === 'bank-b' ? 'party' : role
  const found: { recoveryMs: number; eventMs: number; startMs: number }[] = []
  for (const at of times(setting)) {
    found.push(await recover(federation, role))
    setting.remark(`${name}, ${at + 1}: ${JSON.stringify(found.at(-1))}`)
  }
  const [recoveryMs, eventMs, startMs] = [
    median(found.map((each) => each.recoveryMs)),
    median(found.map((each) => each.eventMs)),
    median(found.map((each) => each.startMs)),
  ]
  const to = name === 'party' ? 'its next acknowledged update' : 'the next released round'
  yield row(`${name}: start of the process`, startMs, startMs / roundMs, 'the round')
  yield row(`${name}: from kill to ${to}`, recoveryMs, recoveryMs / startMs, 'its start')
  yield row(`${name}: from kill to ${to}`, recoveryMs, recoveryMs / roundMs, 'the round')
  if (name !== 'party') yield row(`${name}: from kill to the next event`, eventMs, eventMs / startMs, 'its start')
}

/** One run in which the program is killed when the first update of round 1 has been acknowledged. */
async function recover(federation: Federation, role: (typeof programs)[number]) {
  const program = federation.program(role)
  let killed: number | undefined
  let [recoveryMs, eventMs, startMs] = [0, 0, 0]
  const since = () => performance.now() - (killed ?? Number.NaN)
  const off = federation.listen(({ program: name, point }) => {
    if (role === 'bank-b' && name === role && point === 'upload accepted')
      recoveryMs ||= killed === undefined ? 0 : since()
  })
  const disturb: Disturbance = (event) => {
    if (killed !== undefined) {
      // That the aggregator was lost is an event too, but the coordinator's own.
      if (role !== 'aggregator' || event.kind === 'attested') eventMs ||= since()
      if (role !== 'bank-b' && event.kind === 'round-closed') recoveryMs ||= since()
      return undefined
    }
    if (!isMoment(role)(event)) return undefined
    killed = performance.now()
    return (async () => {
      await program.kill()
      const began = performance.now()
      await program.start()
      startMs = performance.now() - began
    })()
  }
  try {
    await federation.play(spec(), disturb)
  } finally {
    off()
  }
  return { recoveryMs, eventMs, startMs }
}

/** Of a party: when it has its task and has not sent anything. */
const isMoment = (role: string) => (role === 'bank-b' ? isRoundOpened : isDelivery(1))
const isRoundOpened = (event: RunEvent): boolean => event.kind === 'round-opened' && event.round === 1

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
