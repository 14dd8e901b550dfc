/**
 * The live view of a run: state, width and time in, lines out. Nothing wider than the terminal: names shrink first,
 * then details, then the bar goes.
 */
import type { MetricName, Metrics } from '../../learning/index.ts'
import { isSimulated, type PartyActivity, type RunState, type TaskKind } from '../../round/index.ts'
import { bar, sparkline } from './spark.ts'
import { isFinal, type PartyView, remainingMs, roundName, type ViewState } from './state.ts'
import { teeText } from './tee.ts'
import { ago, clock, compose, decimal, fit, type Segment, segment, type Tone, truncate } from './text.ts'

export interface Frame {
  readonly width: number
  /** Milliseconds since the epoch, by the clock of the events. */
  readonly now: number
  readonly colour: boolean
}

const stateTones: Readonly<Record<RunState, Tone>> = {
  proposed: 'warn',
  accepted: 'plain',
  running: 'bold',
  finished: 'good',
  abandoned: 'bad',
  stopped: 'warn',
  rejected: 'bad',
}

const activityTones: Readonly<Record<PartyActivity, Tone>> = {
  absent: 'dim',
  joined: 'plain',
  working: 'plain',
  delivered: 'good',
  late: 'warn',
  gone: 'bad',
  refused: 'bad',
}

const work: Readonly<Record<TaskKind, string>> = { statistics: 'counting', train: 'training', evaluate: 'evaluating' }

/** The one number to watch: the first of these that is measured. */
const leading: readonly MetricName[] = ['auc', 'accuracy', 'mse']

export const leadingMetric = (metrics: Metrics): MetricName | undefined =>
  leading.find((name) => metrics[name] !== undefined)

/** Rows of the view never outgrow the screen: of many parties those in trouble are shown first. */
const MAXIMUM_PARTIES = 12
const trouble: readonly PartyActivity[] = ['refused', 'gone', 'late', 'absent', 'working', 'joined', 'delivered']

export function renderView(view: ViewState, frame: Frame): string[] {
  const lines = [titleLine(view, frame), ...teeLines(view), progressLine(view, frame), []].concat(
    partyLines(view, frame),
    [[]],
    metricLines(view, frame),
    noteLines(view, frame),
  )
  return lines.map((segments) => compose(segments, frame.width, frame.colour))
}

function titleLine(view: ViewState, { width, now }: Frame): Segment[] {
  const time = clock((view.endedMs ?? now) - view.createdMs)
  const id = width < 50 ? '  ' : `  run ${view.runId.slice(0, 8)}  `
  const room = Math.max(8, width - id.length - view.state.length - time.length - 2)
  const name = truncate(view.name, room)
  const gap = ' '.repeat(Math.max(2, width - [...name].length - id.length - view.state.length - time.length))
  return [
    segment(name, 'bold'),
    segment(id, 'dim'),
    segment(view.state, stateTones[view.state]),
    segment(gap + time, 'dim'),
  ]
}

/** Second of all, where no narrow or low terminal cuts it off. */
function teeLines({ tee }: ViewState): Segment[][] {
  return tee === '' ? [] : [[segment(teeText(tee), isSimulated(tee) ? 'bad' : 'dim')]]
}

function progressLine(view: ViewState, { width, now }: Frame): Segment[] {
  if (isFinal(view.state)) return [segment(endText(view), stateTones[view.state])]
  if (view.state !== 'running') return [segment(waitingText(view))]
  const left = remainingMs(view, now)
  const count = `round ${Math.min(view.round + (view.open?.task === 'train' ? 1 : 0), view.rounds)}/${view.rounds}`
  const share = view.rounds === 0 ? 0 : view.round / view.rounds
  const next = view.open?.task === 'train' || view.open === undefined ? undefined : roundName(0, view.open.task, 0)
  const tail = `${String(Math.floor(share * 100)).padStart(3)} %  ${next ?? (left === undefined ? '' : `${clock(left)} left`)}`
  const room = width - count.length - tail.length - 4
  const drawn = room >= 5 ? `  ${bar(share, Math.min(40, room))}  ` : '  '
  return [segment(count, 'bold'), segment(drawn), segment(tail)]
}

function waitingText({ parties, state, reason }: ViewState): string {
  if (state === 'accepted') return reason === '' ? 'accepted; waiting for the aggregator' : reason
  const undecided = parties.filter(({ decision }) => decision === 'undecided').map(({ name }) => name)
  return undecided.length === 0 ? 'every party has decided' : `waiting for the decision of ${undecided.join(', ')}`
}

const endText = ({ state, round, rounds, reason }: ViewState): string =>
  `${state} after ${round} of ${rounds} rounds${reason === '' ? '' : `: ${reason}`}`

function partyLines(view: ViewState, { width, now }: Frame): Segment[][] {
  const urgency = ({ activity }: PartyView) => trouble.indexOf(activity)
  const many = view.parties.length > MAXIMUM_PARTIES
  const shown = many
    ? [...view.parties].sort((a, b) => urgency(a) - urgency(b)).slice(0, MAXIMUM_PARTIES)
    : view.parties
  const longest = Math.max(0, ...shown.map(({ name }) => name.length))
  const nameWidth = Math.min(longest, Math.max(6, Math.floor(width / 2) - 10))
  const lines = shown.map((party) => partyLine(party, view, nameWidth, now))
  return many ? [...lines, [segment(`  and ${view.parties.length - shown.length} more`, 'dim')]] : lines
}

function partyLine(party: PartyView, view: ViewState, nameWidth: number, now: number): Segment[] {
  // Who declined is no part of the run, and never has anything else to show.
  const before = view.state === 'proposed' || view.state === 'rejected' || party.decision === 'declined'
  const what = before
    ? party.decision
    : party.activity === 'working'
      ? work[view.open?.task ?? 'train']
      : party.activity
  const tone = before ? decisionTone(party) : activityTones[party.activity]
  const since = before || isFinal(view.state) ? '' : ago(now - party.sinceMs).padStart(6)
  const detail = before ? party.reasons.join('; ') : party.detail
  return [
    segment(`  ${fit(party.name, nameWidth)}  `),
    segment(fit(what, 10), tone),
    segment(since, 'dim'),
    segment(`  ${detail}`),
  ]
}

const decisionTone = ({ decision }: PartyView): Tone =>
  decision === 'declined' ? 'bad' : decision === 'accepted' ? 'good' : 'dim'

function metricLines(view: ViewState, { width }: Frame): Segment[][] {
  const newest = view.evaluations.at(-1)
  const lines: Segment[][] = []
  const curveWidth = Math.min(40, Math.max(0, width - 26))
  if (newest !== undefined) {
    const first = leadingMetric(newest.metrics)
    // Next to the untrained model all later ones look the same.
    const trained = view.evaluations.length > 3 ? view.evaluations.filter(({ model }) => model > 0) : view.evaluations
    const values = (name: MetricName) => trained.flatMap(({ metrics }) => metrics[name] ?? [])
    const others = Object.entries(newest.metrics).filter(([name]) => name !== first)
    if (first !== undefined) lines.push(curveLine(first, values(first), curveWidth))
    if (view.losses.length > 0) lines.push(curveLine('train loss', view.losses, curveWidth))
    const rest = others.map(([name, value]) => `${name} ${decimal(value)}`).join('  ')
    lines.push([segment(`  ${rest}${rest === '' ? '' : '  '}`), segment(`model after ${rounds(newest.model)}`, 'dim')])
    lines.push([])
  } else if (view.losses.length > 0) {
    lines.push(curveLine('train loss', view.losses, curveWidth), [])
  }
  return lines
}

const rounds = (count: number): string => `${count} ${count === 1 ? 'round' : 'rounds'}`

const curveLine = (name: string, values: readonly number[], width: number): Segment[] => [
  segment(`  ${fit(name, 10)}  ${decimal(values.at(-1) ?? Number.NaN).padStart(9)}  `, 'bold'),
  segment(sparkline(values, width)),
]

const SHOWN_NOTES = 3

function noteLines(view: ViewState, _frame: Frame): Segment[][] {
  const notes = view.notes
    .slice(-SHOWN_NOTES)
    .map(({ atMs, text }) => [segment(`  ${clock(atMs - view.createdMs).padStart(7)}  ${text}`, 'dim')])
  const lost = [segment('  connection to the coordinator lost; trying again', 'warn')]
  return view.connected ? notes : [...notes, lost]
}
