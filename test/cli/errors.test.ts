import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { CliError } from '../../src/cli/errors.ts'
import { explained, exits, failureOf } from '../../src/cli/exit.ts'
import { readText, refuseOccupied, writeDirectory, writeNew } from '../../src/cli/files.ts'
import { ModelError } from '../../parties/index.ts'
import { aggregatorErrors } from '../../src/aggregator/index.ts'
import { createContext } from '../../src/cli/index.ts'
import { JobError } from '../../src/job/index.ts'
import { RemoteError, RpcError } from '../../src/rpc/index.ts'
import { storeErrors } from '../../src/store/index.ts'
import { coffer, createDirectory, createFakeNetwork, jsonLine } from './support.ts'

let cwd = ''
beforeEach(async () => {
  const directory = await createDirectory()
  cwd = directory.path
  onTestFinished(() => directory[Symbol.asyncDispose]())
})

test.each<[string, unknown, number]>([
  ['a local fault of the user', new CliError('CLI_ARGUMENT_INVALID', 'x'), exits.unusable.code],
  ['a job spec', new JobError('JOB_SPEC_INVALID', 'x'), exits.unusable.code],
  ['a key that others can read', new CliError('CLI_KEY_EXPOSED', 'x'), exits.unusable.code],
  ['an identity that does not fit', new CliError('CLI_IDENTITY_UNUSABLE', 'x'), exits.unusable.code],
  ['a file in the way', new CliError('CLI_FILE_EXISTS', 'x'), exits.unusable.code],
  ['no home', new CliError('CLI_HOME_MISSING', 'x'), exits.unusable.code],
  ['the home of another program', new CliError('CLI_HOME_ROLE', 'x'), exits.unusable.code],
  ['a full folder for a model', new ModelError('MODEL_DIRECTORY', 'x'), exits.unusable.code],
  ['a disk that is full', new CliError('CLI_FILE_UNWRITABLE', 'x'), exits.failed.code],
  ['nobody there', new RpcError('PEER_UNREACHABLE', 'x'), exits.unreachable.code],
  ['no answer in time', new RpcError('CALL_DEADLINE', 'x'), exits.unreachable.code],
  ['a refusal from elsewhere', new RemoteError('RUN_UNKNOWN', 'NOT_FOUND', 'x'), exits.failed.code],
  ['a fault of a data file', new RemoteError('DATA_EMPTY', 'FAILED_PRECONDITION', 'x'), exits.unusable.code],
  ['an ended call', new RpcError('CALL_ABORTED', 'x'), exits.interrupted.code],
])('exit code of %s', (_name, error, code) => {
  expect(failureOf(error)).toMatchObject({ exit: code, message: 'x', next: expect.any(String) })
})

test('the next step of an error from elsewhere is that of its own row; a code nobody knows points to the list', async () => {
  const next = async (code: string) => {
    const error = new RemoteError(code, 'NOT_FOUND', 'x')
    return (await explained(failureOf(error), error)).next
  }
  for (const { next: step, code } of [
    { code: 'AGGREGATION_UNKNOWN_RUN', next: aggregatorErrors.AGGREGATION_UNKNOWN_RUN.next },
    { code: 'STORE_FULL', next: storeErrors.STORE_FULL.next },
  ]) {
    expect(await next(code)).toBe(step)
  }
  expect(await next('NEVER_HEARD_OF')).toBe('Look up NEVER_HEARD_OF in docs/errors.md.')
  const own = new CliError('CLI_FILE_EXISTS', 'x')
  expect((await explained(failureOf(own), own)).next).toBe(own.row.next)
})

test('nothing from elsewhere moves the cursor: messages, stacks, remarks', async () => {
  const evil = '\x1b]52;c;aGk=\x07 \x1b[2J \x9b2J'
  const network = createFakeNetwork({
    listRuns: async () => {
      throw new RemoteError('RUN_LIMIT', 'NOT_FOUND', `no\n${evil}`)
    },
  })
  await coffer('init federation demo', { cwd })
  const { err, io } = await coffer('run list --verbose', { cwd, network })
  expect(err).toContain('errors.test.ts')
  createContext(io, { home: '', homeGiven: false, json: false, verbose: false, quiet: false }).remark(`a\n${evil}`)
  expect(io.err()).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
})

test('what nobody expected is CLI_UNEXPECTED, whatever was thrown', () => {
  for (const thrown of [new TypeError('boom'), 'boom']) {
    expect(failureOf(thrown)).toMatchObject({ exit: 1, code: 'CLI_UNEXPECTED', message: 'boom' })
  }
})

const refused = async (work: Promise<unknown>): Promise<unknown> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(CliError)
  return error
}

test('files: unreadable, occupied, unwritable', async () => {
  await writeFile(join(cwd, 'file'), 'x')
  await mkdir(join(cwd, 'full'))
  await writeFile(join(cwd, 'full/file'), 'x')
  expect(await refused(readText(join(cwd, 'none'), 'thing'))).toMatchObject({
    code: 'CLI_FILE_UNREADABLE',
    message: `thing ${join(cwd, 'none')} cannot be read: there is no such file`,
  })
  expect(await refused(readText(cwd, 'thing'))).toMatchObject({ message: expect.stringContaining('it is a directory') })
  expect(await refused(refuseOccupied(join(cwd, 'full')))).toMatchObject({ code: 'CLI_FILE_EXISTS' })
  expect(await refused(writeNew({ path: join(cwd, 'file'), text: '' }))).toMatchObject({ code: 'CLI_FILE_EXISTS' })
  expect(await refused(writeNew({ path: join(cwd, 'no/file'), text: '' }))).toMatchObject({
    code: 'CLI_FILE_UNWRITABLE',
  })
})

test('a directory that fails halfway leaves nothing', async () => {
  const twice = [
    { path: 'a', text: '' },
    { path: 'a', text: '' },
  ]
  expect(await refused(writeDirectory(join(cwd, 'home'), twice))).toMatchObject({ code: 'CLI_FILE_EXISTS' })
  expect(await readdir(cwd)).toEqual([])
})

test('an unwritable place ends a verb with 1 and its code', async () => {
  await coffer('init federation demo', { cwd })
  await coffer('init party bank-a --request --federation .coffer --home a', { cwd })
  const { code, out } = await coffer('init sign a/request.csr --name bank-a --out no/such/a.pem --json', { cwd })
  expect(code).toBe(1)
  expect(jsonLine(out)).toMatchObject({ error: { code: 'CLI_FILE_UNWRITABLE' } })
})
