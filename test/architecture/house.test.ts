/**
 * The tree obeys the house's rules (docs/architecture.md), and each rule catches what it is there to catch.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseRoomMap } from './map.ts'
import {
  entryTrespasses,
  importTrespasses,
  lengthTrespasses,
  measuredTrespasses,
  nameTrespasses,
  purityTrespasses,
  tensorflowTrespasses,
} from './rules.ts'
import { readTree, root, type Tree } from './tree.ts'

const map = parseRoomMap(readFileSync(join(root, 'docs/architecture.md'), 'utf8'))

const rules = {
  imports: (tree: Tree) => importTrespasses(tree, map),
  purity: (tree: Tree) => purityTrespasses(tree, map),
  entry: entryTrespasses,
  tensorflow: tensorflowTrespasses,
  measured: measuredTrespasses,
  length: lengthTrespasses,
  names: nameTrespasses,
}

describe('the tree', () => {
  const product = readTree(['src', 'parties'])

  test.each(Object.entries(rules))('%s', (_name, rule) => {
    expect(rule(product)).toEqual([])
  })

  test('tests, scripts and benchmarks are named after something', () => {
    expect(nameTrespasses(readTree(['test', 'scripts', 'benchmarks']))).toEqual([])
  })

  test('every folder of src is a room of the map', () => {
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(folders.map(({ name }) => name).filter((name) => !map.has(name))).toEqual([])
  })

  test('no source points at a place outside the repository', () => {
    const outside = [...product].filter(([, source]) => /\.\.\/shared\b|['"`]\/(?:work|home|root)\//.test(source))
    expect(outside.map(([path]) => path)).toEqual([])
  })
})

/** rule, the planted files, and the whole of what the rule must say; [] where the rule must stay silent. */
const planted: readonly (readonly [
  rule: keyof typeof rules,
  files: Record<string, string>,
  expected: readonly string[],
])[] = [
  [
    'imports',
    { 'src/job/a.ts': "import { b } from '../round/index.ts'" },
    ['src/job/a.ts: room job may not import room round'],
  ],
  [
    'imports',
    { 'src/job/a.ts': "import type { B } from '../store/index.ts'" },
    ['src/job/a.ts: room job may not import room store'],
  ],
  [
    'imports',
    { 'src/round/a.ts': "export * from '../rpc/index.ts'" },
    ['src/round/a.ts: room round may not import room rpc'],
  ],
  [
    'imports',
    { 'src/tee/a.ts': "const b = await import('../rpc/index.ts')" },
    ['src/tee/a.ts: room tee may not import room rpc'],
  ],
  [
    'imports',
    { 'src/coordinator/a.ts': "import '../aggregator/index.ts'" },
    ['src/coordinator/a.ts: room coordinator may not import room aggregator'],
  ],
  [
    'imports',
    { 'src/aggregator/a.ts': "import '../store/index.ts'" },
    ['src/aggregator/a.ts: room aggregator may not import room store'],
  ],
  [
    'imports',
    { 'src/aggregator/a.ts': "import '../gen/run.ts'" },
    ['src/aggregator/a.ts: room aggregator may not import room gen'],
  ],
  ['imports', { 'src/rpc/wire/a.ts': "import type { A } from '../../gen/coffer/v1/A.ts'" }, []],
  [
    'imports',
    { 'parties/agent/a.ts': "import '../../src/store/index.ts'" },
    ['parties/agent/a.ts: room parties may not import room store'],
  ],
  ['imports', { 'parties/agent/a.ts': "import '../data/index.ts'\nimport '../../src/job/index.ts'" }, []],
  [
    'imports',
    { 'src/rpc/a.ts': "import '../../parties/index.ts'" },
    ['src/rpc/a.ts: room rpc may not import room parties'],
  ],
  ['imports', { 'src/cli/a.ts': "import '../../parties/index.ts'\nimport p from '../../package.json'" }, []],
  [
    'imports',
    { 'src/cli/a.ts': "import '../../parties/data/csv.ts'" },
    ['src/cli/a.ts: enters room parties through parties/data/csv.ts instead of parties/index.ts'],
  ],
  [
    'imports',
    { 'src/round/a.ts': "import '../job/schema.ts'" },
    ['src/round/a.ts: enters room job through src/job/schema.ts instead of src/job/index.ts'],
  ],
  [
    'imports',
    { 'src/rpc/a.ts': "import '../../test/support/clock.ts'" },
    ['src/rpc/a.ts: imports test/support/clock.ts, which is outside of src and parties'],
  ],
  [
    'imports',
    { 'src/rpc/a.ts': 'await import(name)' },
    ['src/rpc/a.ts: imports a name that is not a literal, which nobody can check'],
  ],
  ['imports', { 'src/magic/a.ts': '' }, ['src/magic/a.ts: room magic is not in the map of docs/architecture.md']],
  [
    'imports',
    { 'src/job/a.ts': "import '../magic/index.ts'" },
    ['src/job/a.ts: imports src/magic/index.ts, and room magic is not in the map'],
  ],
  [
    'imports',
    { 'src/round/a.ts': "import { z } from 'zod'" },
    ['src/round/a.ts: room round may not import the package zod'],
  ],
  [
    'imports',
    { 'src/aggregator/a.ts': "import { pino } from 'pino'" },
    ['src/aggregator/a.ts: room aggregator may not import the package pino'],
  ],
  [
    'imports',
    { 'src/coordinator/a.ts': "import '@grpc/grpc-js/build/src/x.js'" },
    ['src/coordinator/a.ts: room coordinator may not import the package @grpc/grpc-js'],
  ],
  ['imports', { 'src/crypto/a.ts': "import { createHash, timingSafeEqual } from 'node:crypto'" }, []],
  [
    'imports',
    { 'src/crypto/a.ts': "import { readFile } from 'node:fs/promises'" },
    ['src/crypto/a.ts: pure room imports node:fs/promises'],
  ],
  [
    'imports',
    { 'src/crypto/a.ts': "import { createHash, randomBytes } from 'node:crypto'" },
    ['src/crypto/a.ts: pure room imports randomBytes of node:crypto, which draws random numbers'],
  ],
  [
    'imports',
    { 'src/crypto/a.ts': "import { generateKeyPairSync as key } from 'node:crypto'" },
    ['src/crypto/a.ts: pure room imports generateKeyPairSync of node:crypto, which draws random numbers'],
  ],
  [
    'imports',
    { 'src/crypto/a.ts': "import * as c from 'node:crypto'" },
    ['src/crypto/a.ts: pure room imports node:crypto as a whole; name the functions'],
  ],
  ['purity', { 'src/round/a.ts': 'const at = Date.now()' }, ['src/round/a.ts: pure room uses Date.now']],
  [
    'purity',
    { 'src/round/a.ts': 'const at = new Date()' },
    ['src/round/a.ts: pure room uses new Date() without a time'],
  ],
  ['purity', { 'src/round/a.ts': 'const at = new Date(ms).toISOString()' }, []],
  ['purity', { 'src/round/a.ts': 'const at = Date()' }, ['src/round/a.ts: pure room uses Date() as a clock']],
  ['purity', { 'src/learning/a.ts': 'const x = Math . random()' }, ['src/learning/a.ts: pure room uses Math.random']],
  ['purity', { 'src/job/a.ts': 'const x = process.env.HOME' }, ['src/job/a.ts: pure room uses process']],
  ['purity', { 'src/job/a.ts': "const x = globalThis['fetch']" }, ['src/job/a.ts: pure room uses globalThis']],
  ['purity', { 'src/update/a.ts': 'setTimeout(f, 1)' }, ['src/update/a.ts: pure room uses setTimeout']],
  [
    'purity',
    { 'src/update/a.ts': 'const s = AbortSignal.timeout(1)' },
    ['src/update/a.ts: pure room uses AbortSignal.timeout'],
  ],
  ['purity', { 'src/ledger/a.ts': 'console.log(1)' }, ['src/ledger/a.ts: pure room uses console']],
  ['purity', { 'src/crypto/a.ts': 'crypto.getRandomValues(b)' }, ['src/crypto/a.ts: pure room uses crypto']],
  ['purity', { 'src/errors/a.ts': 'const t = performance.now()' }, ['src/errors/a.ts: pure room uses performance']],
  ['purity', { 'src/job/a.ts': '// Date.now() is forbidden here\nconst x = "Math.random()"' }, []],
  ['purity', { 'src/rpc/a.ts': 'const at = Date.now()' }, []],
  [
    'entry',
    { 'src/rpc/a.ts': 'const x = process.env.HOME' },
    ['src/rpc/a.ts: reads the environment, which only src/cli may'],
  ],
  [
    'entry',
    { 'src/rpc/a.ts': 'const { env } = process' },
    ['src/rpc/a.ts: reads the environment, which only src/cli may'],
  ],
  [
    'entry',
    { 'parties/a.ts': "import { env } from 'node:process'" },
    ['parties/a.ts: reads the environment, which only src/cli may'],
  ],
  ['entry', { 'src/cli/a.ts': 'const x = process.env.HOME\nconsole.log(x)' }, []],
  [
    'entry',
    { 'src/store/a.ts': 'console.error(1)' },
    ['src/store/a.ts: prints to the console, which only src/cli may'],
  ],
  [
    'tensorflow',
    { 'src/learning/a.ts': "import * as tf from '@tensorflow/tfjs-core'" },
    ['src/learning/a.ts: knows TensorFlow'],
  ],
  [
    'tensorflow',
    {
      'parties/a.ts': "import type * as tf from '@tensorflow/tfjs-core'",
      'parties/b.ts': "await import('@tensorflow/tfjs-node')",
    },
    ['TensorFlow is known to more than one file: parties/a.ts, parties/b.ts'],
  ],
  ['tensorflow', { 'parties/a.ts': "import '@tensorflow/tfjs-core'\nimport '@tensorflow/tfjs-backend-wasm'" }, []],
  [
    'measured',
    {
      'src/aggregator/index.ts': "import '../rpc/index.ts'",
      'src/rpc/index.ts': "export * from '../round/index.ts'",
      'src/round/index.ts': "import 'kysely'",
    },
    ['the aggregator reaches a database: src/aggregator/index.ts -> src/rpc/index.ts -> src/round/index.ts -> kysely'],
  ],
  [
    'measured',
    { 'src/aggregator/index.ts': "await import('../tee/index.ts')", 'src/tee/index.ts': "import '../store/index.ts'" },
    ['the aggregator reaches the store: src/aggregator/index.ts -> src/tee/index.ts -> src/store/index.ts'],
  ],
  [
    'measured',
    {
      'src/aggregator/index.ts': "import '../../parties/index.ts'",
      'parties/index.ts': "import '@tensorflow/tfjs-core'",
    },
    [
      'the aggregator reaches the party agent: src/aggregator/index.ts -> parties/index.ts',
      'the aggregator reaches TensorFlow: src/aggregator/index.ts -> parties/index.ts -> @tensorflow/tfjs-core',
    ],
  ],
  [
    'measured',
    { 'src/aggregator/index.ts': "import '../coordinator/index.ts'" },
    ['the aggregator reaches the coordinator and its console: src/aggregator/index.ts -> src/coordinator/index.ts'],
  ],
  [
    'measured',
    { 'src/aggregator/a.ts': "import type { A } from '../rpc/index.ts'", 'src/rpc/index.ts': "import 'pg'" },
    [],
  ],
  [
    'measured',
    { 'src/measured/main.ts': "import '../tee/simulator/index.ts'" },
    ['the aggregator reaches the simulated TEE: src/measured/main.ts -> src/tee/simulator/index.ts'],
  ],
  ['length', { 'src/rpc/a.ts': 'a\n'.repeat(301) }, ['src/rpc/a.ts: 301 lines, at most 300']],
  ['length', { 'src/rpc/a.ts': 'a\n'.repeat(300) }, []],
  ['names', { 'src/rpc/utils.ts': '' }, ['src/rpc/utils.ts: named after nothing; say what is in it']],
  ['names', { 'parties/common/a.ts': '' }, ['parties/common/a.ts: named after nothing; say what is in it']],
  ['names', { 'src/rpc/call-helpers.ts': '' }, ['src/rpc/call-helpers.ts: named after nothing; say what is in it']],
  ['names', { 'test/job/types.test.ts': '' }, ['test/job/types.test.ts: named after nothing; say what is in it']],
]

describe('planted trespasses', () => {
  test.each(planted)('%s: %j', (rule, files, expected) => {
    expect(rules[rule](new Map(Object.entries(files)))).toEqual(expected)
  })

  test('a map with a room that does not exist is refused', () => {
    const table = '| room | holds | may import | packages | kind |\n|---|---|---|---|---|\n| a | x | b | - | pure |\n'
    expect(() => parseRoomMap(table)).toThrow('a: no room is called b')
  })
})
