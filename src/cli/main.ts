/** The program `coffer`: hands the process to the command line, and ends with its exit code. */
import { readFileSync } from 'node:fs'
import { main } from './index.ts'
import type { Io } from './io.ts'

const { version }: { readonly version: unknown } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)

/** `npm run` changes to the package's directory; paths on the command line are meant from where it was typed. */
const { npm_lifecycle_event: script, INIT_CWD: typedIn } = process.env
const cwd = (script === 'coffer' || script === 'demo') && typedIn !== undefined ? typedIn : process.cwd()

const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd,
  now: Date.now,
  version: String(version),
  onSignal(listener) {
    // A terminal that closes, and a parent that is gone (the demo's programs have a channel to it), mean the same.
    const left = () => listener('SIGTERM')
    process.on('SIGINT', listener).on('SIGTERM', listener).on('SIGHUP', left)
    if (process.channel) process.on('disconnect', left)
    return () => {
      process.off('SIGINT', listener).off('SIGTERM', listener).off('SIGHUP', left).off('disconnect', left)
    }
  },
}

/** `coffer run list | head -1`: the reader has what it wanted. A program whose log nobody reads goes on. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

const code = await main(process.argv.slice(2), io)
const flushed = (stream: NodeJS.WriteStream) => new Promise<void>((done) => void stream.write('', () => done()))
await Promise.all([flushed(process.stdout), flushed(process.stderr)])
process.exit(code)
