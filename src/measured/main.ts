/**
 * Entry of the measured program: `node aggregator.mjs --home DIR`. It reads no environment, and hands the process over.
 * The program is one file for all of its threads: in the thread of an engine it is that engine and nothing else.
 */
import { fileURLToPath } from 'node:url'
import { isEngineThread, serveEngine } from '../aggregator/index.ts'
import { grpcNetwork } from '../rpc/index.ts'
import { createDevices } from '../tee/index.ts'
import { runMeasured } from './program.ts'

if (isEngineThread()) serveEngine()
else await run()

async function run(): Promise<never> {
  /** A reader of the log that is gone must not end the program. */
  for (const output of [process.stdout, process.stderr]) {
    output.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  const code = await runMeasured({
    argv: process.argv.slice(2),
    bundle: fileURLToPath(import.meta.url),
    stdout: process.stdout,
    stderr: process.stderr,
    now: Date.now,
    onSignal: (listener) => void process.on('SIGINT', listener).on('SIGTERM', listener).on('SIGHUP', listener),
    network: grpcNetwork,
    devices: createDevices(),
  })
  const flushed = (stream: NodeJS.WriteStream) => new Promise<void>((done) => void stream.write('', () => done()))
  await Promise.all([flushed(process.stdout), flushed(process.stderr)])
  process.exit(code)
}
