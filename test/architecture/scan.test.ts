import { expect, test } from 'vitest'
import { mask, scanImports } from './scan.ts'

const cases: Record<string, readonly [source: string, expected: readonly string[]]> = {
  'a named import': ["import { a } from './a.ts'", ['static ./a.ts']],
  'over several lines': ["import {\n  a,\n  type B,\n} from './a.ts'", ['static ./a.ts']],
  'a default called type': ["import type from './a.ts'", ['static ./a.ts']],
  'a type import': ["import type { A } from './a.ts'", ['type ./a.ts']],
  'a type namespace': ["import type * as a from './a.ts'", ['type ./a.ts']],
  'for its effect': ["import 'reflect-metadata'", ['static reflect-metadata']],
  'a re-export': [
    "export { a } from './a.ts'\nexport * from './b.ts'\nexport * as c from './c.ts'",
    ['static ./a.ts', 'static ./b.ts', 'static ./c.ts'],
  ],
  'a type re-export': ["export type { A } from './a.ts'", ['type ./a.ts']],
  'after a local export': ["export { a }\nexport type { B } from './b.ts'", ['type ./b.ts']],
  'a dynamic import': ["const a = await import('./a.ts')", ['dynamic ./a.ts']],
  'a dynamic import by template': ['const a = await import(`./a.ts`)', ['dynamic ./a.ts']],
  'a computed import': ['const a = await import(name)', ['computed ']],
  'a computed template': ['const a = await import(`./${name}.ts`)', ['computed ']],
  'a type query': ["let a: import('./a.ts').A", ['dynamic ./a.ts']],
  'a require': ["const a = require('pg')", ['dynamic pg']],
  'a worker': ["new Worker(new URL('./worker.ts', import.meta.url))", ['dynamic ./worker.ts']],
  'a file that is no module': ["new URL('../../proto', import.meta.url)", []],
  'an address': ["new URL('./x', base)", []],
  'a comment': ["// import { a } from './a.ts'\n/* import './b.ts' */", []],
  'a string': ['const a = "import { b } from \'./b.ts\'"', []],
  'a template': ["const a = `import './b.ts' ${await import('./c.ts')} import './d.ts'`", ['dynamic ./c.ts']],
  'a nested template': ["const a = `${f({ b: `${1}` })} import './b.ts'`\nimport './c.ts'", ['static ./c.ts']],
  'a quote in a regular expression': ["const a = /['\"`]/\nimport './b.ts'", ['static ./b.ts']],
  'a slash in a class': ["const a = s.split(/[/'\\]]/)\nimport './b.ts'", ['static ./b.ts']],
  'a division': ["const a = b / c\nimport './d.ts'\nconst e = f / g", ['static ./d.ts']],
  'a regular expression after return': ["function f() { return /'/ }\nimport './b.ts'", ['static ./b.ts']],
  'an escaped quote': ["const a = 'it\\'s'\nimport './b.ts'", ['static ./b.ts']],
  'a method called import': ["a.import('./b.ts')", []],
  'a variable called from': ["export const from = 'x'", []],
}

test.each(Object.entries(cases))('%s', (_name, [source, expected]) => {
  expect(scanImports(source).map(({ how, specifier }) => `${how} ${specifier}`)).toEqual(expected)
})

test('masking keeps every offset and every line', () => {
  const source = "const a = 'b' // c\nconst d = `e${f}g`\n"
  expect(mask(source)).toBe("const a = ' '     \nconst d = ` ${f} `\n")
})
