/**
 * The house's rules about what may know what, as functions from a tree of sources to trespasses in words.
 * Biome sees one file at a time and checks what one file can show; these rules see the tree.
 */
import { posix } from 'node:path'
import type { Room, RoomMap } from './map.ts'
import { type Import, mask, scanImports } from './scan.ts'
import type { Tree } from './tree.ts'

/** `src/job/schema.ts` is in `job`; everything under parties/ is one room. */
export function roomOf(path: string): string {
  const [top = '', second = ''] = path.split('/')
  return top === 'src' ? second : top
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

/** Rule: a room imports only the rooms and packages of its row, other rooms through index.ts, and nothing computed. */
export function importTrespasses(tree: Tree, map: RoomMap): string[] {
  return [...tree].flatMap(([path, source]) => {
    const room = map.get(roomOf(path))
    if (room === undefined) return [`${path}: room ${roomOf(path)} is not in the map of docs/architecture.md`]
    return scanImports(source).flatMap((found) =>
      importTrespass(path, room, found, map).map((why) => `${path}: ${why}`),
    )
  })
}

function importTrespass(path: string, room: Room, found: Import, map: RoomMap): string[] {
  const { specifier, how } = found
  if (how === 'computed') return ['imports a name that is not a literal, which nobody can check']
  if (specifier.startsWith('node:')) return room.kind === 'pure' ? pureNode(found) : []
  if (!specifier.startsWith('.')) {
    const name = packageOf(specifier)
    return room.packages.has(name) ? [] : [`room ${room.name} may not import the package ${name}`]
  }
  const target = posix.join(posix.dirname(path), specifier)
  if (target === 'package.json' && room.name === 'cli') return []
  const other = roomOf(target)
  if (!/^(src|parties)\//.test(target)) return [`imports ${target}, which is outside of src and parties`]
  if (other === room.name) return []
  if (!map.has(other)) return [`imports ${target}, and room ${other} is not in the map`]
  if (!room.rooms.has(other)) return [`room ${room.name} may not import room ${other}`]
  const entry = other === 'parties' ? 'parties/index.ts' : `src/${other}/index.ts`
  // The simulated TEE is an entry of its own, so that the measured program, which enters tee, does not get it.
  if (target === 'src/tee/simulator/index.ts' && room.name === 'cli') return []
  if (target !== entry && other !== 'gen') return [`enters room ${other} through ${target} instead of ${entry}`]
  return []
}

/** A pure room takes functions of node:crypto that compute, never those that draw random numbers or make keys. */
function pureNode({ specifier, clause }: Import): string[] {
  if (specifier !== 'node:crypto') return [`pure room imports ${specifier}`]
  const drawing =
    /\b(?:random\w*|generate\w*|getRandomValues|webcrypto|subtle|createECDH|\w*[dD]iffieHellman\w*)\b/.exec(clause)
  if (drawing !== null) return [`pure room imports ${drawing[0]} of node:crypto, which draws random numbers`]
  return clause.startsWith('{') ? [] : ['pure room imports node:crypto as a whole; name the functions']
}

const globals: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\bDate\s*\.\s*now\b/, 'Date.now'],
  [/\bnew\s+Date\s*(?:\(\s*\)|(?![\s(]))/, 'new Date() without a time'],
  [/(?<!new\s+)(?<![\w$.])Date\s*\(/, 'Date() as a clock'],
  [/\bMath\s*\.\s*random\b/, 'Math.random'],
  [/\bAbortSignal\s*\.\s*timeout\b/, 'AbortSignal.timeout'],
  [/\bimport\s*\.\s*meta\b/, 'import.meta'],
  [/\bnew\s+Function\b/, 'new Function'],
  ...['process', 'performance', 'console', 'crypto', 'globalThis', 'global'].map(
    (name) => [new RegExp(String.raw`(?<![\w$.])${name}\s*[.[]`), name] as const,
  ),
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch', 'eval'].map(
    (name) => [new RegExp(String.raw`(?<![\w$.])${name}\s*\(`), name] as const,
  ),
]

/** Rule: a pure room has no clock, randomness, environment, timer, log or socket. */
export function purityTrespasses(tree: Tree, map: RoomMap): string[] {
  return [...tree].flatMap(([path, source]) => {
    if (map.get(roomOf(path))?.kind !== 'pure') return []
    const masked = mask(source)
    return globals.filter(([pattern]) => pattern.test(masked)).map(([, what]) => `${path}: pure room uses ${what}`)
  })
}

/** Rule: the environment is read, and anything printed, by the programs' entry room only. */
export function entryTrespasses(tree: Tree): string[] {
  return [...tree].flatMap(([path, source]) => {
    if (roomOf(path) === 'cli') return []
    const masked = mask(source)
    const environment =
      /\bprocess\s*(?:\.\s*env\b|\[)/.test(masked) || /\{[^{}]*\benv\b[^{}]*\}\s*=\s*process\b/.test(masked)
    const imported = scanImports(source).some(({ specifier }) => specifier === 'node:process')
    return [
      ...(environment || imported ? [`${path}: reads the environment, which only src/cli may`] : []),
      ...(/(?<![\w$.])console\s*[.[]/.test(masked) ? [`${path}: prints to the console, which only src/cli may`] : []),
    ]
  })
}

/** Rule: TensorFlow is known to one file, in parties/. */
export function tensorflowTrespasses(tree: Tree): string[] {
  const knowing = [...tree]
    .filter(([, source]) => scanImports(source).some(({ specifier }) => specifier.startsWith('@tensorflow/')))
    .map(([path]) => path)
  const outside = knowing.filter((path) => roomOf(path) !== 'parties').map((path) => `${path}: knows TensorFlow`)
  return knowing.length > 1 ? [...outside, `TensorFlow is known to more than one file: ${knowing.join(', ')}`] : outside
}

/** What the measured program must not contain, whatever the map says. */
const untrusted: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^src\/store\//, 'the store'],
  [/^src\/coordinator\//, 'the coordinator and its console'],
  [/^src\/cli\//, 'the command line'],
  [/^src\/tee\/simulator\//, 'the simulated TEE'],
  [/^parties\//, 'the party agent'],
  [/^@tensorflow\//, 'TensorFlow'],
  [/^(?:kysely|pg|@photostructure\/sqlite|@duckdb\/node-api)$/, 'a database'],
]

/** Rule: none of these is reachable from src/aggregator, nor from the entry that is measured with it, at run time. */
export function measuredTrespasses(tree: Tree): string[] {
  const seen = new Map<string, string>()
  const queue = [...tree.keys()].filter((path) => ['aggregator', 'measured'].includes(roomOf(path)))
  for (const path of queue) seen.set(path, path)
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const { specifier, how } of scanImports(tree.get(path) ?? '')) {
      if (how === 'type' || how === 'computed' || specifier.startsWith('node:')) continue
      const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : packageOf(specifier)
      if (seen.has(target)) continue
      seen.set(target, `${seen.get(path)} -> ${target}`)
      queue.push(target)
    }
  }
  return [...seen].flatMap(([target, chain]) =>
    untrusted.filter(([pattern]) => pattern.test(target)).map(([, what]) => `the aggregator reaches ${what}: ${chain}`),
  )
}

/** A file holds one thing that has a name; 300 lines is where nobody finds it any more. */
export const maximumLines = 300

export function lengthTrespasses(tree: Tree): string[] {
  return [...tree].flatMap(([path, source]) => {
    const lines = source.trimEnd().split('\n').length
    return lines > maximumLines ? [`${path}: ${lines} lines, at most ${maximumLines}`] : []
  })
}

export function nameTrespasses(tree: Tree): string[] {
  const vague = /(?:^|[-/.])(?:utils?|helpers?|common|types)(?=[-/.])/
  return [...tree.keys()]
    .filter((path) => vague.test(path))
    .map((path) => `${path}: named after nothing; say what is in it`)
}
