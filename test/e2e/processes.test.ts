/** The programs as an operator runs them: separate processes over mTLS, started and asked through the command line. */
import { once } from 'node:events'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startFederation } from '../../src/cli/demo/federation.ts'
import { createProcesses } from '../../src/cli/demo/processes.ts'
import { createContext } from '../../src/cli/index.ts'
import type { Io } from '../../src/cli/io.ts'
import { openSession } from '../../src/cli/session.ts'
import { canonicalSpec } from '../../src/job/index.ts'
import { finalRunStates } from '../../src/round/index.ts'
import { loansSpec, writeLoans } from '../support/loans.ts'

const parties = ['bank-a', 'bank-b', 'bank-c']
const silent = { write: () => true }
const io: Io = {
  stdout: silent,
  stderr: silent,
  env: {},
  cwd: process.cwd(),
  now: Date.now,
  version: '0.0.0-test',
  onSignal: () => () => undefined,
}

test('an agent killed in a round leaves two others finishing the run, and the watcher is told', {
  timeout: 120_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-test-'))
  const logs = join(directory, 'logs')
  mkdirSync(logs)
  await using processes = createProcesses(logs)
  const context = createContext(io, { home: directory, homeGiven: true, json: true, verbose: false, quiet: true })
  const files = Object.entries(writeLoans(parties)).map(([name, file]) => ({ name, file }))
  const federation = await startFederation(context, directory, files, 'loans', processes)
  await using session = await openSession(federation.context, { coordinator: undefined })
  const spec = loansSpec(parties, { rounds: { count: 6, quorum: 2, minimumParties: 2, deadlineSeconds: 60 } })
  const { runId } = await session.runs.submitRun({ specJson: canonicalSpec(spec) }, session.soon)

  const seen: string[] = []
  for await (const event of session.runs.watchRun({ runId, afterSequence: 0 }, session.open)) {
    if (event.kind === 'party-changed') seen.push(`${event.party} ${event.activity}`)
    if (event.kind === 'round-opened' && event.round === 2) {
      const victim = federation.programs.get('bank-b')
      victim?.kill('SIGKILL')
      if (victim) await once(victim, 'exit')
    }
  }
  const run = await session.runs.getRun({ runId }, session.soon)
  expect(finalRunStates).toContain(run.state)
  expect(run).toMatchObject({ state: 'finished', round: 6 })
  expect(seen).toContain('bank-b gone')
  expect(run.parties.find(({ party }) => party === 'bank-b')?.activity).toBe('gone')
})
