import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { CliError } from '../../src/cli/errors.ts'
import { exits, failureOf } from '../../src/cli/exit.ts'
import { readText, refuseOccupied, writeDirectory, writeNew } from '../../src/cli/files.ts'
import { JobError } from '../../src/job/index.ts'
import { RemoteError, RpcError } from '../../src/rpc/index.ts'
import { coffer, createDirectory, jsonLine } from './support.ts'

let cwd = ''
beforeEach(async () => {
  const directory = await createDirectory()
  cwd = directory.path
  onTestFinished(() => directory[Symbol.asyncDispose]())
})

test.each<[string, unknown, number]>([
  ['a local fault of the user', new CliError('CLI_ARGUMENT_INVALID', 'x'), exits.unusable.code],
  ['a job spec', new JobError('JOB_SPEC_INVALID', 'x'), exits.unusable.code],
  ['a refusal', new CliError('CLI_KEY_EXPOSED', 'x'), exits.failed.code],
  ['nobody there', new RpcError('PEER_UNREACHABLE', 'x'), exits.unreachable.code],
  ['no answer in time', new RpcError('CALL_DEADLINE', 'x'), exits.unreachable.code],
  ['a refusal from elsewhere', new RemoteError('RUN_UNKNOWN', 'NOT_FOUND', 'x'), exits.failed.code],
  ['a fault of a data file', new RemoteError('DATA_EMPTY', 'FAILED_PRECONDITION', 'x'), exits.unusable.code],
  ['an ended call', new RpcError('CALL_ABORTED', 'x'), exits.interrupted.code],
])('exit code of %s', (_name, error, code) => {
  expect(failureOf(error)).toMatchObject({ exit: code, message: 'x', next: expect.any(String) })
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
