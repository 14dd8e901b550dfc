/** A run of ten rounds in which one party is late and then gone, as events. */
import { attestedEvent } from '../support/events.ts'
import type { RunEventBody } from '../../src/round/index.ts'

const PARTIES = ['bank-a', 'bank-b', 'bank-c']
const digest = new Uint8Array(32)

const joined = (party: string): RunEventBody => ({
  kind: 'party-changed',
  party,
  activity: 'joined',
  round: 0,
  detail: '',
})

function round(
  number: number,
  task: 'statistics' | 'train' | 'evaluate',
  contributors: readonly string[],
): RunEventBody[] {
  const auc = 0.5 + 0.25 * (1 - 0.7 ** (number - 1))
  return [
    { kind: 'round-opened', round: number, task, cohort: PARTIES, deadlineMs: 0 },
    ...contributors.map(
      (party): RunEventBody => ({ kind: 'party-changed', party, activity: 'delivered', round: number, detail: '' }),
    ),
    {
      kind: 'round-closed',
      round: number,
      task,
      contributors,
      missing: PARTIES.filter((party) => !contributors.includes(party)),
      metrics: task === 'statistics' ? {} : { auc, ks: auc - 0.4, log_loss: 1.2 - auc },
      trainingLoss: task === 'train' ? 0.69 * 0.9 ** number : 0,
      modelDigest: digest,
      gatherMs: 800,
      sumMs: 3,
      stepMs: 1,
      receipt: new Uint8Array(0),
    },
  ]
}

const beginning: readonly RunEventBody[] = [
  { kind: 'state-changed', state: 'proposed', reason: '' },
  { kind: 'state-changed', state: 'accepted', reason: 'every party accepted' },
  attestedEvent('simulated tdx-v4'),
  { kind: 'state-changed', state: 'running', reason: 'waiting for the parties to join' },
  ...PARTIES.map(joined),
  ...round(0, 'statistics', PARTIES),
  ...round(1, 'train', PARTIES),
  ...round(2, 'train', PARTIES),
]

const inRoundFour: readonly RunEventBody[] = [
  ...beginning,
  ...round(3, 'train', ['bank-a', 'bank-b']),
  { kind: 'party-changed', party: 'bank-c', activity: 'gone', round: 4, detail: '' },
  { kind: 'round-opened', round: 4, task: 'train', cohort: ['bank-a', 'bank-b'], deadlineMs: 0 },
  { kind: 'party-changed', party: 'bank-a', activity: 'delivered', round: 4, detail: '' },
]

const finished: readonly RunEventBody[] = [
  ...beginning,
  ...Array.from({ length: 8 }, (_, index) => round(index + 3, 'train', PARTIES)).flat(),
  ...round(11, 'evaluate', PARTIES),
  { kind: 'state-changed', state: 'finished', reason: '' },
]

export const story = { beginning, inRoundFour, finished }
