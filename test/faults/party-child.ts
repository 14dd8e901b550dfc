/** A real party agent, out of its home, that can be killed at everything it writes and at each step of an upload: `HOME`. */
import { join } from 'node:path'
import { createWitness, disk as realDisk, type Disk, startParty, StateError } from '../../parties/index.ts'
import { openAppraiser } from '../../src/cli/attest/open-party.ts'
import { readText } from '../../src/cli/files.ts'
import { homeFiles, openHome } from '../../src/cli/home.ts'
import { toHex } from '../../src/crypto/index.ts'
import { parsePartyPolicy } from '../../src/job/index.ts'
import { contextOf } from './context.ts'
import { log, now, obey, reached, requireDisk, type Tap, tappedNetwork, tell } from './points.ts'

async function* parts(request: unknown): AsyncGenerator<unknown> {
  for await (const part of request as AsyncIterable<{ kind: string }>) {
    reached(`upload ${part.kind}`)
    yield part
  }
}

const submitUpdate: Tap = async function* (start, request, call) {
  for await (const each of start(parts(request), call)) {
    const status = each as { kind: string; digest?: Uint8Array; round?: number; offset?: number }
    const { kind, round, digest, offset } = status
    reached(`upload ${kind}`, digest === undefined ? { offset } : { round, digest: toHex(digest) })
    yield each
  }
}

const join_: Tap = async function* (start, request, call) {
  for await (const each of start(request, call)) {
    const { kind, round, runId } = each as { kind: string; round: number; runId: string }
    reached(`task ${kind}`, { runId, round })
    yield each
  }
}

/** Whatever is written, before and after it is durable; what run.json says goes with it. */
function faultyDisk(disk: Disk): Disk {
  const around = async (what: string, name: string, work: () => Promise<void>, data = {}): Promise<void> => {
    // Evidence and directories of runs have names of their own.
    const point = `${what} ${/^[a-z.]+$/.test(name) ? name : 'other'}`
    reached(`${point} before`)
    try {
      requireDisk(name)
    } catch (cause) {
      throw new StateError('STATE_UNWRITABLE', `${name} could not be written`, { cause })
    }
    await work()
    reached(`${point} after`, data)
  }
  const factsOf = (name: string, parts: readonly Uint8Array[]) =>
    name === 'run.json' ? { facts: JSON.parse(Buffer.concat(parts).toString('utf8')) } : {}
  return {
    ...disk,
    write: (directory, name, parts) =>
      around('write', name, () => disk.write(directory, name, parts), factsOf(name, parts)),
    append: (directory, name, at, bytes) => around('append', name, () => disk.append(directory, name, at, bytes)),
    rename: (directory, from, to) => around('rename', to, () => disk.rename(directory, from, to)),
    remove: (directory, name) => around('remove', name, () => disk.remove(directory, name)),
  }
}

obey()
const context = contextOf(process.argv[2] ?? '', now)
const home = await openHome(context, 'party')
const { directory, config, identity } = home
const { federation, name, coordinator, aggregator, datasets } = config
const { appraiser } = await openAppraiser(context, home, log, { tell: () => undefined })
const program = await startParty({
  ...{ federation, name, coordinator, aggregator, identity, appraiser, datasets, now, log },
  network: tappedNetwork({ submitUpdate, join: join_ }),
  policy: parsePartyPolicy(await readText(join(directory, config.policy), 'policy')),
  backend: 'cpu',
  stateDirectory: join(directory, config.state),
  disk: faultyDisk(realDisk),
  witness: (parties) => createWitness({ directory: join(directory, homeFiles.witness), federation, parties, log }),
  version: context.io.version,
})
tell({ kind: 'ready', address: program.address })
