/**
 * Makes the measured program: the aggregator's entry with all it imports as one ES module, whose digest a policy can
 * name. The same sources and packages give the same bytes wherever they lie and whenever they are built.
 *
 * Names and layout stay as they are written, so that a reviewer can read what is measured; packages' licences follow at
 * the end. Node's own modules stay outside, and so does koffi, a native module that only Occlum needs. Nothing else
 * may: a package that reads a file beside itself is changed here to carry the content, and an import that cannot be
 * bundled fails the build.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import protobuf from 'protobufjs'

export interface MeasuredBundle {
  readonly code: Uint8Array
  /** Every file inside, as a path from the root of the repository, sorted, with the bytes that are left of it. */
  readonly inputs: ReadonlyMap<string, number>
}

const OPTIONAL_NATIVE = 'koffi'

/** Packages are CommonJS for the most part; this is the `require` for Node's own modules that they call. */
const banner = [
  '// Coffer, the measured aggregator: one file, made by `npm run bundle`. Start: node aggregator.mjs --home DIR',
  "import { createRequire as __createRequire } from 'node:module'",
  'const require = __createRequire(import.meta.url)',
].join('\n')

/**
 * `root`: an absolute path of a checkout with node_modules, which may be a link. Throws a plain Error when it fails.
 */
export async function bundleMeasured(root: string): Promise<MeasuredBundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/measured/main.ts'],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: [OPTIONAL_NATIVE],
    banner: { js: banner },
    // A path that leads nowhere instead of one of this machine; what needs a real one is listed in `protoFiles`.
    define: { __dirname: '"/no-file-beside-the-measured-program"' },
    legalComments: 'eof',
    // With node_modules linked from elsewhere, paths in the output would lead through that place.
    preserveSymlinks: true,
    // What the sources say, not what a tsconfig.json above the checkout says.
    tsconfigRaw: {},
    plugins: [inlineProtoFiles(root), englishOnly],
    logLevel: 'silent',
  })
  const [output] = outputFiles
  const [contents] = Object.values(metafile.outputs)
  if (output === undefined || contents === undefined) throw new Error('esbuild made no file')
  const sizes = Object.entries(contents.inputs).map(([path, { bytesInOutput }]) => [path, bytesInOutput] as const)
  return { code: output.contents, inputs: new Map(sizes.sort(([a], [b]) => (a < b ? -1 : 1))) }
}

/** zod brings its messages in some 50 languages, a seventh of the bundle; the program says its own. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup({ onLoad }) {
    const contents = "export { default as en } from './en.js'"
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({ contents, loader: 'js' }))
  },
}

interface ProtoFile {
  /** The module that opens it, and the proto file, both below node_modules. */
  readonly module: string
  readonly proto: string
  /** The text of the module up to the options of loadSync: must be there exactly once. */
  readonly call: string
}

const reflection = (version: string): ProtoFile => ({
  module: `@grpc/reflection/build/src/implementations/reflection-${version}.js`,
  proto: `@grpc/reflection/build/proto/grpc/reflection/${version}/reflection.proto`,
  call: 'protoLoader.loadSync(protoPath, ',
})

const protoFiles: readonly ProtoFile[] = [
  reflection('v1'),
  reflection('v1alpha'),
  {
    module: 'grpc-health-check/build/src/health.js',
    proto: 'grpc-health-check/proto/health/v1/health.proto',
    call: "(0, proto_loader_1.loadSync)('health/v1/health.proto', ",
  },
]

/** The services that grpc-js brings load proto files from their packages; here the parsed file stands in the call. */
function inlineProtoFiles(root: string): Plugin {
  return {
    name: 'inline-proto-files',
    setup({ onLoad, onEnd }) {
      const missing = new Set(protoFiles)
      onLoad({ filter: /[\\/](?:reflection-v1(?:alpha)?|health)\.js$/ }, ({ path }) => {
        const found = protoFiles.find(({ module }) => path.replaceAll('\\', '/').endsWith(`/node_modules/${module}`))
        if (found === undefined) return undefined
        missing.delete(found)
        return { contents: withProto(readFileSync(path, 'utf8'), found, root), loader: 'js' }
      })
      onEnd(() => {
        const [first] = missing
        if (first !== undefined) throw new Error(`the bundle does not contain ${first.module}: has it moved?`)
      })
    },
  }
}

function withProto(source: string, { module, proto, call }: ProtoFile, root: string): string {
  const file = join(root, 'node_modules', proto)
  if (source.split(call).length !== 2 || !existsSync(file)) {
    throw new Error(`${module} does not load ${proto} as it did: look at it again`)
  }
  // keepCase as the callers ask loadSync for; fromJSON takes the names as they stand.
  const keepCase = source.includes('keepCase: true')
  const json = protobuf.parse(readFileSync(file, 'utf8'), { keepCase }).root.resolveAll().toJSON()
  return source.replace(
    call,
    () => `${call.split('loadSync')[0]}fromJSON${call.includes('0,') ? ')' : ''}(${JSON.stringify(json)}, `,
  )
}
