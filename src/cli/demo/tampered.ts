/**
 * The demo's proof that attestation is more than a word: an aggregator whose program was changed by one line, started
 * with the same certificate, the same key and the same policy, which a bank's agent would now dial. It must be refused.
 */
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CodedError } from '../../errors/index.ts'
import { attestAggregator } from '../attest/check.ts'
import { CliError } from '../errors.ts'
import { openHome } from '../home.ts'
import type { Context } from '../io.ts'
import type { Processes } from './processes.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const CHANGED = 'src/aggregator/run.ts'
const LINE = '// This line was not there when the organisations agreed on this program.\n'

export interface Tampered {
  readonly address: string
  readonly refusal: CodedError
  /** Path of the party's record. */
  readonly record: string
}

/** `party`: home of the one that is to refuse it. Throws CliError CLI_DEMO_TAMPERED if it does not. */
export async function startTampered(
  context: Context,
  directory: string,
  party: string,
  processes: Processes,
): Promise<Tampered> {
  const sources = join(directory, 'tampered')
  await mkdir(sources)
  for (const each of ['src', 'parties', 'package.json']) {
    await cp(join(ROOT, each), join(sources, each), { recursive: true })
  }
  await symlink(join(ROOT, 'node_modules'), join(sources, 'node_modules'))
  await writeFile(join(sources, CHANGED), LINE + (await readFile(join(sources, CHANGED), 'utf8')))
  // Whoever changes the program has the home as well; only the runs that are kept in it are in use.
  const home = join(sources, 'home')
  await cp(join(directory, 'federation', 'aggregator'), home, {
    recursive: true,
    filter: (path) => basename(path) !== 'state',
  })
  const words = ['aggregator', '--home', home, '--listen', '127.0.0.1:0']
  const { child, address } = await processes.start('tampered', words, join(sources, 'src/cli/main.ts'))
  const bank = { ...context, home: party, homeGiven: true }
  try {
    const { refusal, record } = await attestAggregator(bank, await openHome(bank, 'party'), address)
    if (refusal !== undefined) return { address, refusal, record }
    const message = `the tampered aggregator at ${address} was accepted; the record is ${record}`
    throw new CliError('CLI_DEMO_TAMPERED', message)
  } finally {
    child.kill()
    await rm(sources, { recursive: true, force: true })
  }
}
