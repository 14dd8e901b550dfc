/**
 * Writes the measured program and says what to compare it by.
 *
 *     npm run bundle             writes dist/aggregator.mjs, and dist/aggregator.mjs.inputs: each file inside, in bytes
 *     npm run bundle -- FILE     writes somewhere else
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { digestsOf } from '../src/measured/index.ts'
import { bundleMeasured } from './measured-bundle.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const target = resolve(process.argv[2] ?? join(root, 'dist/aggregator.mjs'))
const { code, inputs } = await bundleMeasured(root)
mkdirSync(dirname(target), { recursive: true })
writeFileSync(target, code)
writeFileSync(`${target}.inputs`, [...inputs].map(([path, bytes]) => `${bytes} ${path}\n`).join(''))
const { sha256, sha384 } = digestsOf(code)
console.error(`bundle: ${code.length} bytes of ${inputs.size} files written to ${target}`)
console.error(`bundle: SHA-256 ${sha256}`)
console.error(`bundle: SHA-384 ${sha384}`)
