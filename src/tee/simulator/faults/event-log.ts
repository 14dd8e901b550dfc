/** Event logs that do not tell what the registers of the quote hold. */
import { ascii, flipBit, overwrite } from '../bytes.ts'
import type { LoggedEvent } from '../event-log.ts'
import { tdx, type Variation, variation } from './variation.ts'

const log = (provokes: string, change: (events: LoggedEvent[]) => void) =>
  variation(['eventLog'], provokes, (b) => change(b.eventLog), tdx)

const bytes = (provokes: string, change: (area: Uint8Array) => Uint8Array) =>
  variation(
    ['eventLog'],
    provokes,
    (b) => {
      b.edits.eventLog = change
    },
    tdx,
  )

export const eventLogFaults = {
  'event-dropped': log('An event is missing from the log.', (events) => events.splice(4, 1)),
  'event-added': log('The log has an event that was never measured.', (events) => events.push(...events.slice(-1))),
  'events-reordered': log('Two events of one register changed places.', (events) => {
    events.splice(4, 2, ...events.slice(4, 6).reverse())
  }),
  'event-of-other-register': log('An event is said to be of another register.', (events) => {
    for (const event of events.slice(-1)) event.register = 3
  }),
  'event-digest-altered': log('The digest of an event is another one.', (events) => {
    for (const event of events.slice(-1)) event.digest = flipBit(event.digest, 5)
  }),
  'event-text-forged': log('The text of an event is not the one that its digest covers.', (events) => {
    for (const event of events.slice(0, 1)) event.data = ascii('simulated firmware with a back door')
  }),
  'event-register-unknown': log('An event is of a register that a TD does not have.', (events) => {
    for (const event of events.slice(-1)) event.register = 5
  }),
  'event-log-without-header': bytes('The log does not begin with its specification.', (area) =>
    overwrite(area, 32, ascii('Another Event00')),
  ),
  'event-log-truncated': bytes('The log ends in the middle of an event.', (area) => area.subarray(0, 200)),
  'event-log-trailing-bytes': bytes('Something stands in the unused area of the log.', (area) =>
    overwrite(area, area.length - 4, ascii('more')),
  ),
} as const satisfies Record<string, Variation>
