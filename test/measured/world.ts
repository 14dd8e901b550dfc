/**
 * The measured program in a test: a TDX VM with a register, captured outputs, signals on demand, a network in memory.
 */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createMemoryNetwork, type Network } from '../../src/rpc/index.ts'
import { createSimulatedPlatform } from '../../src/tee/simulator/index.ts'
import type { Devices } from '../../src/tee/index.ts'
import type { FakeDevices } from '../support/fake-devices.ts'
import { runMeasured, type World } from '../../src/measured/program.ts'
import { createFakeTsm } from '../support/fake-tsm.ts'

const RTMR3 = '/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384'
export const PROGRAM = Buffer.from('// the bytes that were measured\n')

export interface TestTd {
  readonly devices: FakeDevices
  /** RTMR3 as it is now, hexadecimal. */
  readonly rtmr3: () => string
}

/** `register`: whether the kernel shows RTMR3; `before`: its value, 48 bytes. */
export function createTd({ register = true, before = new Uint8Array(48) } = {}): TestTd {
  const platform = createSimulatedPlatform({ seed: 'measured', now: new Date('2026-07-01'), tee: 'tdx-v4' })
  let rtmr3 = before
  const report = (reportData: Uint8Array) => platform.quote({ reportData, body: { rtmr3 } })
  const { devices } = createFakeTsm({ provider: 'tdx_guest', report })
  const extend = (digest: Uint8Array) => {
    rtmr3 = new Uint8Array(createHash('sha384').update(rtmr3).update(digest).digest())
  }
  if (register) devices.nodes.set(RTMR3, { read: () => rtmr3, write: extend })
  return { devices, rtmr3: () => Buffer.from(rtmr3).toString('hex') }
}

export interface LogEntry {
  readonly 'log.level': string
  readonly message: string
  readonly code?: string
  readonly next?: string
}

export interface Run {
  /** Fulfilled with the exit code. */
  readonly ended: Promise<number>
  /** The line that says that it serves, or undefined once it has ended without. */
  readonly ready: Promise<{ address: string; program: { sha384: string }; policy: object } | undefined>
  readonly log: () => LogEntry[]
  readonly signal: () => void
  readonly network: Network
}

/** `home`: the directory, where a file with the program's bytes is put. */
export async function startWorld(home: string, devices: Devices, changes: Partial<World> = {}): Promise<Run> {
  const bundle = join(home, 'aggregator.mjs')
  await writeFile(bundle, PROGRAM)
  const network = createMemoryNetwork()
  const texts: string[] = []
  let listener: () => void = () => undefined
  let isReady: (line: string) => void
  const line = new Promise<string>((resolve) => {
    isReady = resolve
  })
  const ended = runMeasured({
    argv: ['--home', home],
    bundle,
    stdout: { write: (text) => isReady(text) },
    stderr: { write: (text) => texts.push(text) },
    now: Date.now,
    onSignal: (each) => {
      listener = each
    },
    network,
    devices,
    ...changes,
  })
  const ready = Promise.race([line.then((text) => JSON.parse(text)), ended.then(() => undefined)])
  return { ended, ready, log: () => texts.map((text) => JSON.parse(text)), signal: () => listener(), network }
}

/** How a program ended that was never ready: its exit code, and the code and words of its last line. */
export async function refusal(run: Run): Promise<{ exit: number; code: string | undefined; message: string }> {
  const exit = await run.ended
  const last = run.log().at(-1)
  return { exit, code: last?.code, message: last?.message ?? '' }
}
