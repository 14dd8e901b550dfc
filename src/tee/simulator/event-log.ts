/**
 * What firmware, loader and kernel of a simulated TD measured, as the CCEL area that Linux shows: TCG PC Client Platform
 * Firmware Profile 1.06, section 10.2, with SHA-384 as the only digest. The RTMRs of the honest TD follow from it.
 */
import { createHash } from 'node:crypto'
import { ascii, join, littleEndian } from './bytes.ts'

export interface LoggedEvent {
  /** 1 to 4: RTMR 0 to 3. */
  register: number
  type: number
  digest: Uint8Array
  data: Uint8Array
}

const noAction = 3
const separator = 4
const ipl = 0x0d
const efiAction = 0x80000007
/** The unused rest of the area is FF, as firmware erases it. */
const areaBytes = 4096

export function honestEvents(): LoggedEvent[] {
  const event = (register: number, type: number, data: Uint8Array): LoggedEvent => {
    return { register, type, digest: sha384(data), data }
  }
  return [
    event(1, efiAction, ascii('simulated firmware configuration')),
    event(1, separator, new Uint8Array(4)),
    event(2, efiAction, ascii('Calling EFI Application from Boot Option')),
    event(2, separator, new Uint8Array(4)),
    event(3, ipl, ascii('simulated kernel command line')),
    event(3, ipl, ascii('simulated initial file system')),
    event(4, ipl, ascii('simulated aggregator')),
  ]
}

export function writeEventLog(events: readonly LoggedEvent[]): Uint8Array {
  const written = join(specification(), ...events.map(writeEvent))
  return join(written, new Uint8Array(areaBytes - written.length).fill(0xff))
}

/** RTMR 0 to 3 after the events: each is SHA-384 of what it was and the digest, from zero. */
export function registersAfter(
  events: readonly LoggedEvent[],
): Record<'rtmr0' | 'rtmr1' | 'rtmr2' | 'rtmr3', Uint8Array> {
  const after = (register: number) =>
    events
      .filter((event) => event.register === register)
      .reduce<Uint8Array>((value, { digest }) => sha384(join(value, digest)), new Uint8Array(48))
  return { rtmr0: after(1), rtmr1: after(2), rtmr2: after(3), rtmr3: after(4) }
}

function writeEvent({ register, type, digest, data }: LoggedEvent): Uint8Array {
  const algorithm = join(littleEndian(1, 4), littleEndian(12, 2))
  return join(littleEndian(register, 4), littleEndian(type, 4), algorithm, digest, littleEndian(data.length, 4), data)
}

/** TCG_EfiSpecIDEvent 2.0 in the old form of an event: platform class 0, one algorithm of 48 bytes, no vendor data. */
function specification(): Uint8Array {
  const version = Uint8Array.of(0, 0, 0, 0, 0, 2, 0, 2)
  const algorithms = join(littleEndian(1, 4), littleEndian(12, 2), littleEndian(48, 2), Uint8Array.of(0))
  const data = join(ascii('Spec ID Event03\0'), version, algorithms)
  return join(littleEndian(1, 4), littleEndian(noAction, 4), new Uint8Array(20), littleEndian(data.length, 4), data)
}

const sha384 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha384').update(bytes).digest())
