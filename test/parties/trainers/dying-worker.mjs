// A training thread that starts well and ends at the first request, as one that ran out of memory would.
import { parentPort } from 'node:worker_threads'

parentPort.on('message', () => process.exit(3))
parentPort.postMessage({ kind: 'started', backend: { name: 'cpu', why: '' } })
