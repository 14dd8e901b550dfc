import { attestedEvent } from '../support/events.ts'
import { describe, expect, test } from 'vitest'
import {
  createScreen,
  plainLine,
  reduceView,
  remainingMs,
  renderView,
  type ViewState,
  viewOf,
  withDecisions,
} from '../../src/cli/view/index.ts'
import { compose, segment } from '../../src/cli/view/text.ts'
import type { RunEventBody } from '../../src/round/index.ts'
import { story } from './story.ts'
import { createEvents, createRun, NOW } from './support.ts'

const seen = (bodies: readonly RunEventBody[]): ViewState =>
  createEvents(bodies).reduce(reduceView, viewOf(createRun()))
const shown = (view: ViewState, width: number): string =>
  renderView(view, { width, now: NOW - 60_000 + 31_000, colour: false }).join('\n')

describe('the live view', () => {
  test('80 columns, in the fourth round, after one party has gone', () => {
    expect(shown(seen(story.inRoundFour), 80)).toMatchInlineSnapshot(`
      "credit-risk  run 3f9c12ab  running                                          0:31
      SIMULATED tdx-v4: protects nothing
      round 4/10  ████████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░   30 %  0:28 left

        bank-a  delivered    3 s
        bank-b  training     4 s
        bank-c  gone         5 s

        auc            0.6275  ▁▅█
        train loss     0.5030  █▄▁
        ks 0.2275  log_loss 0.5725  model after 2 rounds

           0:21  round 2/10 closed: 3 parties
           0:25  round 3/10 closed: 2 of 3 parties, without bank-c
           0:26  bank-c gone in round 4"
    `)
  })

  test('60 columns, the same moment', () => {
    expect(shown(seen(story.inRoundFour), 60)).toMatchInlineSnapshot(`
      "credit-risk  run 3f9c12ab  running                      0:31
      SIMULATED tdx-v4: protects nothing
      round 4/10  █████████░░░░░░░░░░░░░░░░░░░░░   30 %  0:28 left

        bank-a  delivered    3 s
        bank-b  training     4 s
        bank-c  gone         5 s

        auc            0.6275  ▁▅█
        train loss     0.5030  █▄▁
        ks 0.2275  log_loss 0.5725  model after 2 rounds

           0:21  round 2/10 closed: 3 parties
           0:25  round 3/10 closed: 2 of 3 parties, without bank-c
           0:26  bank-c gone in round 4"
    `)
  })

  test('80 columns, finished', () => {
    expect(shown(seen(story.finished), 80)).toMatchInlineSnapshot(`
      "credit-risk  run 3f9c12ab  finished                                         1:07
      SIMULATED tdx-v4: protects nothing
      finished after 10 of 10 rounds

        bank-a  delivered
        bank-b  delivered
        bank-c  delivered

        auc            0.7429  ▁▃▅▆▇▇▇███
        train loss     0.2406  █▇▆▅▄▃▃▂▁▁
        ks 0.3429  log_loss 0.4571  model after 10 rounds

           1:01  round 10/10 closed: 3 parties
           1:06  last evaluation closed: 3 parties
           1:07  run finished"
    `)
  })

  test('a simulated TEE is told in its head from first to last, on the lowest and narrowest of screens as well', () => {
    for (const bodies of [story.beginning.slice(0, 3), story.inRoundFour, story.finished]) {
      expect(shown(seen(bodies), 20).split('\n')[1]).toBe('SIMULATED tdx-v4: p…')
    }
  })

  test('a TEE that is none of ours is told as it names itself', () => {
    const view = seen([attestedEvent('TDX by configfs-tsm')])
    expect(shown(view, 80).split('\n')[1]).toBe('TDX by configfs-tsm')
    const [event] = createEvents([attestedEvent('Simulated')])
    if (event === undefined) throw new Error('no event')
    expect(plainLine(event, view)).toBe('   0:00  aggregator in SIMULATED: protects nothing')
  })

  test('before the first round it shows the decisions with their reasons', () => {
    const run = createRun({
      state: 'proposed',
      parties: [
        { party: 'bank-a', decision: 'accepted', reasons: [], activity: 'absent' },
        { party: 'bank-b', decision: 'undecided', reasons: [], activity: 'absent' },
        { party: 'bank-c', decision: 'declined', reasons: ['POLICY_ROWS: 80 rows'], activity: 'absent' },
      ],
    })
    expect(shown(withDecisions(viewOf(run), run), 80)).toMatchInlineSnapshot(`
      "credit-risk  run 3f9c12ab  proposed                                         0:31
      waiting for the decision of bank-b

        bank-a  accepted
        bank-b  undecided
        bank-c  declined    POLICY_ROWS: 80 rows
      "
    `)
  })

  test('who declined stays declined, with the reason, while the others work and after the end', () => {
    const reasons = [`POLICY_ROWS: ${'too few rows '.repeat(9)}`]
    const parties = createRun().parties.map((party) =>
      party.party === 'bank-c'
        ? { ...party, decision: 'declined' as const, reasons, activity: 'absent' as const }
        : party,
    )
    const run = createRun({ parties })
    const without = (bodies: readonly RunEventBody[]) =>
      createEvents(bodies.filter((body) => body.kind !== 'party-changed' || body.party !== 'bank-c'))
    for (const bodies of [story.beginning.slice(0, 3), story.inRoundFour]) {
      const view = withDecisions(without(bodies).reduce(reduceView, viewOf(run)), run)
      const line = shown({ ...view, state: 'running' }, 60)
        .split('\n')
        .find((each) => each.includes('bank-c '))
      expect(line).toMatch(/^ {2}bank-c {2}declined +POLICY_ROWS: too few rows .*…$/)
      expect(shown({ ...view, state: 'finished' }, 60)).toContain(line)
    }
  })

  test.each([20, 32, 47, 60, 80, 200])('no line is wider than %i columns', (width) => {
    const name = `bank-${'x'.repeat(58)}`
    const run = createRun({
      name: 'an unusually long name of a run '.repeat(4),
      parties: [{ party: name, decision: 'declined', reasons: ['because '.repeat(40)], activity: 'gone' }],
    })
    const views = [seen(story.inRoundFour), seen(story.finished), withDecisions(viewOf(run), run)]
    for (const view of views) {
      for (const line of renderView({ ...view, connected: false }, { width, now: NOW, colour: false })) {
        expect([...line].length).toBeLessThanOrEqual(width)
      }
    }
  })

  test('with many parties it shows those in trouble and counts the others', () => {
    const parties = Array.from({ length: 300 }, (_, index) => ({
      party: `bank-${index}`,
      decision: 'accepted' as const,
      reasons: [],
      activity: 'joined' as const,
    }))
    const before = viewOf(createRun({ parties }))
    const view = createEvents([
      { kind: 'state-changed', state: 'running', reason: '' },
      { kind: 'party-changed', party: 'bank-299', activity: 'gone', round: 1, detail: '' },
    ]).reduce(reduceView, before)
    const text = shown(view, 80)
    expect(text).toContain('bank-299')
    expect(text).toContain('and 288 more')
    expect(text.split('\n').length).toBeLessThan(24)
  })

  test('colours do not change what is written', () => {
    const frame = { width: 60, now: NOW, colour: true }
    const view = seen(story.inRoundFour)
    const stripped = renderView(view, frame).map((line) => line.replaceAll(/\x1b\[\d+m/g, '').trimEnd())
    expect(stripped).toEqual(renderView(view, { ...frame, colour: false }))
  })

  test('control characters from elsewhere do not reach the terminal', () => {
    const run = createRun({ name: 'evil\x1b[2J\nname', reason: '' })
    const event = { kind: 'state-changed', state: 'abandoned', reason: 'bad\x1b]0;title\x07\r' } as const
    const [first] = createEvents([event])
    if (first === undefined) throw new Error('no event')
    expect(shown(reduceView(viewOf(run), first), 80)).not.toMatch(/[\x00-\x09\x0b-\x1f]/)
    expect(plainLine(first, viewOf(run))).not.toMatch(/[\x00-\x1f]/)
  })
})

describe('the state', () => {
  test('an event that was seen already changes nothing', () => {
    const events = createEvents(story.inRoundFour)
    const once = events.reduce(reduceView, viewOf(createRun()))
    expect(events.reduce(reduceView, once)).toEqual(once)
  })

  test('remaining time comes from the last rounds, and is unknown before the first', () => {
    expect(remainingMs(seen(story.beginning.slice(0, 6)), NOW)).toBeUndefined()
    const view: ViewState = {
      ...seen(story.beginning),
      round: 4,
      rounds: 10,
      durationsMs: [99_000, 2000, 2000, 4000, 4000, 3000],
      lastCloseMs: NOW,
    }
    expect(remainingMs(view, NOW)).toBe(6 * 3000)
    expect(remainingMs(view, NOW + 1000)).toBe(6 * 3000 - 1000)
    expect(remainingMs(view, NOW + 1_000_000)).toBe(5 * 3000)
  })

  test('a run ends once, with the time of its last event', () => {
    const view = seen(story.finished)
    expect(view).toMatchObject({ state: 'finished', round: 10, open: undefined })
    expect(view.endedMs).toBe(createEvents(story.finished).at(-1)?.atMs)
    expect(view.evaluations.map(({ model }) => model)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })
})

test('plain lines tell what matters and leave the rest', () => {
  const lines: string[] = []
  let view = viewOf(createRun())
  for (const event of createEvents(story.inRoundFour)) {
    const line = plainLine(event, view)
    if (line !== undefined) lines.push(line)
    view = reduceView(view, event)
  }
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "   0:00  run proposed
       0:01  run accepted: every party accepted
       0:02  aggregator in SIMULATED tdx-v4: protects nothing
       0:03  run running: waiting for the parties to join
       0:04  bank-a joined
       0:05  bank-b joined
       0:06  bank-c joined
       0:11  statistics closed: 3 parties
       0:16  round 1/10 closed: 3 parties; auc 0.5000 (model after round 0); training loss 0.6210
       0:21  round 2/10 closed: 3 parties; auc 0.5750 (model after round 1); training loss 0.5589
       0:25  round 3/10 closed: 2 of 3 parties, without bank-c; auc 0.6275 (model after round 2); training loss 0.5030
       0:26  bank-c gone in round 4"
  `)
})

test('compose marks what it cut', () => {
  expect(compose([segment('abcdef'), segment('ghi')], 9, false)).toBe('abcdefghi')
  expect(compose([segment('abcdef'), segment('ghi')], 8, false)).toBe('abcdefg…')
  expect(compose([segment('abcdef'), segment('ghi')], 6, false)).toBe('abcde…')
  expect(compose([segment('abcdef')], 0, false)).toBe('')
})

test('the screen draws over its last frame, keeps within the height, and gives the cursor back once', () => {
  const written: string[] = []
  const screen = createScreen({ write: (text) => written.push(text), rows: 4 })
  screen.draw(['one', 'two', 'three', 'four', 'five'])
  expect(written[0]).toContain('\x1b[?25l')
  expect(written[0]).not.toContain('four')
  screen.draw(['six'])
  expect(written[1]).toMatch(/^\x1b\[3A\r/)
  screen.close()
  screen.close()
  screen.draw(['late'])
  expect(written.slice(2)).toEqual(['\x1b[?25h'])
})
