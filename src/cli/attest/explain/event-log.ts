/**
 * The section on the event log: how many events of which kind lead to which register. Text of events is not shown: what
 * no digest covers is only what the log claims.
 */
import { type LogEvent, parseEventLog, replay } from '../../../attestation/index.ts'
import { createTeller, type Field, refusalReasons, type Section, type Teller } from './field.ts'
import type { Judgement } from './judgement.ts'
import type { FieldName } from './words.ts'

const EV_NO_ACTION = 3

/** TCG PC Client Platform Firmware Profile 1.06, section 10.4.1. */
const types: ReadonlyMap<number, string> = new Map([
  [0x1, 'EV_POST_CODE'],
  [0x4, 'EV_SEPARATOR'],
  [0x5, 'EV_ACTION'],
  [0x6, 'EV_EVENT_TAG'],
  [0x7, 'EV_S_CRTM_CONTENTS'],
  [0x8, 'EV_S_CRTM_VERSION'],
  [0x9, 'EV_CPU_MICROCODE'],
  [0xa, 'EV_PLATFORM_CONFIG_FLAGS'],
  [0xb, 'EV_TABLE_OF_DEVICES'],
  [0xc, 'EV_COMPACT_HASH'],
  [0xd, 'EV_IPL'],
  [0x80000001, 'EV_EFI_VARIABLE_DRIVER_CONFIG'],
  [0x80000002, 'EV_EFI_VARIABLE_BOOT'],
  [0x80000003, 'EV_EFI_BOOT_SERVICES_APPLICATION'],
  [0x80000004, 'EV_EFI_BOOT_SERVICES_DRIVER'],
  [0x80000005, 'EV_EFI_RUNTIME_SERVICES_DRIVER'],
  [0x80000006, 'EV_EFI_GPT_EVENT'],
  [0x80000007, 'EV_EFI_ACTION'],
  [0x80000008, 'EV_EFI_PLATFORM_FIRMWARE_BLOB'],
  [0x80000009, 'EV_EFI_HANDOFF_TABLES'],
  [0x8000000a, 'EV_EFI_PLATFORM_FIRMWARE_BLOB2'],
  [0x8000000b, 'EV_EFI_HANDOFF_TABLES2'],
  [0x8000000c, 'EV_EFI_VARIABLE_BOOT2'],
  [0x800000e0, 'EV_EFI_VARIABLE_AUTHORITY'],
])

export function eventLogSections(judgement: Judgement): Section[] {
  const { eventLog, quote, reasons, verdict } = judgement
  if (quote.body.kind === 'sgx' && eventLog === undefined) return []
  const tell = createTeller(reasons, verdict !== undefined)
  return [{ name: 'eventLog', fields: eventLogFields(judgement, tell) }]
}

function eventLogFields({ eventLog, quote: { body }, verdict }: Judgement, tell: Teller): Field[] {
  if (eventLog === undefined) return [tell('events', 'none came with the quote; the registers stand for themselves')]
  if (body.kind === 'sgx') return [tell('events', 'a log came, though SGX has no registers', { holds: false })]
  const parsed = read(eventLog)
  if (typeof parsed === 'string') return [tell('events', `unreadable: ${parsed}`, { holds: false })]
  const measured = parsed.filter(({ type }) => type !== EV_NO_ACTION)
  const values = replay(parsed)
  const registers = [body.rtmr0, body.rtmr1, body.rtmr2, body.rtmr3]
  const names = ['rtmr0Events', 'rtmr1Events', 'rtmr2Events', 'rtmr3Events'] as const satisfies FieldName[]
  const proved = verdict?.eventLog?.filter((event) => event.proved).length
  return [
    tell('events', `${measured.length} measured, ${parsed.length - measured.length} only informative`),
    ...names.map((name, at) => {
      const [led, register] = [values[at] ?? '', registers[at] ?? '']
      const own = measured.filter((event) => event.register === at + 1)
      const meaning = led === register ? 'They do.' : `They lead to ${led}.`
      return tell(name, counted(own), { holds: led === register, meaning })
    }),
    tell('eventText', proved === undefined ? 'not established' : `${proved} of ${measured.length} events`),
  ]
}

function read(eventLog: Uint8Array): LogEvent[] | string {
  try {
    return parseEventLog(eventLog)
  } catch (error) {
    const [reason] = refusalReasons(error) ?? []
    if (reason === undefined) throw error
    return reason.text
  }
}

function counted(events: readonly LogEvent[]): string {
  const counts = new Map<string, number>()
  for (const { type } of events) {
    const name = types.get(type) ?? `type_0x${type.toString(16)}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return events.length === 0 ? 'no event' : [...counts].map(([name, count]) => `${count}×${name}`).join(', ')
}
