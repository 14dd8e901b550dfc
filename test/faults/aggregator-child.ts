/** A real aggregator, out of its home, that can be killed at every record that it writes: `HOME`. */
import { join } from 'node:path'
import { startAggregator } from '../../src/aggregator/index.ts'
import { createDisk, type Disk } from '../../src/aggregator/durable/disk.ts'
import { type Journal, openState, type RunStates } from '../../src/aggregator/durable/index.ts'
import { openAttestation } from '../../src/cli/attest/open-aggregator.ts'
import { openHome } from '../../src/cli/home.ts'
import { contextOf } from './context.ts'
import { parseRecord } from '../../src/round/index.ts'
import { grpcNetwork } from '../../src/rpc/index.ts'
import { die, isArmed, log, now, obey, reached, requireDisk, tell } from './points.ts'

/** The next frame of a log is written by half, and that is the last that the process does. */
let tearing = false

async function openStates(directory: string): Promise<RunStates> {
  const states = await openState(directory, faultyDisk(createDisk()))
  return {
    list: () => states.list(),
    damaged: () => states.damaged(),
    create: async (header) => {
      const { journal, runKey } = await states.create(header)
      return { journal: watched(journal), runKey }
    },
    renew: async (header) => {
      const { journal, runKey } = await states.renew(header)
      return { journal: watched(journal), runKey }
    },
    unlock: async (runId, runKey) => {
      const opened = await states.unlock(runId, runKey)
      return { ...opened, journal: watched(opened.journal) }
    },
    remove: (runId) => states.remove(runId),
    [Symbol.asyncDispose]: () => states[Symbol.asyncDispose](),
  }
}

function watched(journal: Journal): Journal {
  const written = async (record: Uint8Array, write: () => Promise<void>): Promise<void> => {
    const { kind } = parseRecord(record)
    reached(`${kind} before`)
    tearing ||= isArmed(`${kind} half`)
    await write()
    reached(`${kind} after`)
  }
  return {
    append: (record) => written(record, () => journal.append(record)),
    commit: (commit) => written(commit.record, () => journal.commit(commit)),
    close: () => journal.close(),
    [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose](),
  }
}

function faultyDisk(disk: Disk): Disk {
  return {
    ...disk,
    create: async (path) => {
      requireDisk(path)
      const file = await disk.create(path)
      const isLog = /\/log-[0-9]+-[0-9a-f]+$/.test(path)
      return {
        ...file,
        append: async (bytes) => {
          requireDisk(path)
          if (tearing && isLog) {
            await file.append(bytes.subarray(0, bytes.length >> 1))
            die()
          }
          await file.append(bytes)
        },
      }
    },
    rename: async (from, to) => {
      requireDisk(to)
      await disk.rename(from, to)
    },
  }
}

obey()
const context = contextOf(process.argv[2] ?? '', now)
const home = await openHome(context, 'aggregator')
const { federation, listen, state } = home.config
const program = await startAggregator({
  ...(await openAttestation(context, home, log)),
  ...{ federation, listen, identity: home.identity, network: grpcNetwork, now, log, allowPlain: false },
  stateDirectory: join(home.directory, state),
  openStates,
})
tell({ kind: 'ready', address: program.address })
