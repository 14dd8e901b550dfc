/**
 * Writes src/gen: the TypeScript types of proto/coffer/v1, as @grpc/proto-loader's generator makes them, and the same
 * files as one value (protocol.ts), so that a program needs no proto file beside it: the measured one is a single file.
 *
 *     npm run gen            rewrites src/gen
 *     npm run gen -- DIR     writes somewhere else; the freshness test compares that with what is committed
 *
 * The options must agree with those the rpc room loads the same files with at run time (src/rpc): 64-bit integers as
 * numbers (every one of them is a count, a length or a time below 2^53), enums as strings, defaults filled in, and a
 * virtual field per oneof. Fails with the generator's own words when a proto file does not parse.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const generator = createRequire(import.meta.url).resolve('@grpc/proto-loader/build/bin/proto-loader-gen-types.js')

function generate(directory: string): number {
  const protos = readdirSync(join(root, 'proto/coffer/v1'))
    .filter((name) => name.endsWith('.proto'))
    .sort()
  // A message that was removed must not leave its file behind.
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const options = ['--longs=Number', '--enums=String', '--defaults', '--oneofs', '--grpcLib=@grpc/grpc-js']
  const layout = ['--importFileExtension=.ts', '--includeDirs=proto', `--outDir=${directory}`]
  const files = protos.map((name) => `coffer/v1/${name}`)
  // The generator writes each source's path relative to the working directory into its file: keep that stable.
  execFileSync(process.execPath, [generator, ...options, ...layout, ...files], { cwd: root, stdio: 'inherit' })
  for (const name of protos) tidy(join(directory, name.replace(/proto$/, 'ts')))
  writeFileSync(join(directory, 'protocol.ts'), descriptor(files))
  return protos.length
}

/** What the parser made of the files, in the JSON form that the parser itself reads back. Comments stay in proto/. */
function descriptor(files: readonly string[]): string {
  const parsed = new protobuf.Root()
  parsed.resolvePath = (_origin, target) => join(root, 'proto', target)
  const json = parsed
    .loadSync([...files])
    .resolveAll()
    .toJSON()
  // The parser's own types ask every method for a comment.
  const value = JSON.stringify(json, (_key, each) => (each?.requestType ? { ...each, comment: '' } : each), 2)
  const opening = "import type { fromJSON } from '@grpc/proto-loader'\n\nexport const protocol"
  return `${opening}: Parameters<typeof fromJSON>[0] = ${value}\n`
}

/** A proto file without a service gets an import and a type that nothing uses, which our compiler options refuse. */
function tidy(path: string): void {
  const text = readFileSync(path, 'utf8')
  if (text.includes('SubtypeConstructor<typeof grpc.Client')) return
  const unused = /^import type \* as grpc from '@grpc\/grpc-js';\n|^type SubtypeConstructor<[\s\S]*?\n};\n\n/gm
  writeFileSync(path, text.replace(unused, ''))
}

const target = resolve(process.argv[2] ?? join(root, 'src/gen'))
console.error(`gen: types of ${generate(target)} proto files written`)
