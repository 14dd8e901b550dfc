/**
 * The benchmark harness. `npm run bench` answers every question, `npm run bench -- NAME` one of them.
 * A question is a file here that gives rows; a row's ratio compares it with a peer or a bare limit measured in the same
 * run, because absolute figures depend on the machine. `--json` prints a row per line, `--docs` writes docs/benchmarks.md.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { aggregate } from './aggregate.ts'
import { connect } from './connect.ts'
import { memory } from './memory.ts'
import { parties } from './parties.ts'
import { recovery } from './recovery.ts'
import { round } from './round.ts'
import type { Question, Row } from './question.ts'
import { markdown, table } from './table.ts'
import { upload } from './upload.ts'
import { verification } from './verification.ts'

const questions: readonly Question[] = [round, aggregate, memory, parties, upload, verification, connect, recovery]

const DOCS = new URL('../docs/benchmarks.md', import.meta.url)
const BEGIN = '<!-- measured: begin -->'
const END = '<!-- measured: end -->'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
})

const wanted = positionals.length === 0 ? questions : questions.filter(({ name }) => positionals.includes(name))
const unknown = positionals.find((name) => !questions.some((question) => question.name === name))
if (unknown) {
  process.stderr.write(`unknown benchmark ${unknown}; there are: ${questions.map(({ name }) => name).join(', ')}\n`)
  process.exit(2)
}

const sections = new Map<string, string>()
const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`
for (const question of wanted) {
  const rows: Row[] = []
  process.stderr.write(`${question.name}: ${question.asks}\n`)
  for await (const row of question.measure({
    quick: values.quick,
    remark: (text) => process.stderr.write(`  ${text}\n`),
  })) {
    rows.push(row)
    if (values.json) process.stdout.write(`${JSON.stringify(row)}\n`)
  }
  if (!values.json) process.stdout.write(`\n${table(rows)}\n`)
  sections.set(question.name, markdown(question, rows, machine))
}

if (values.docs) {
  const text = readFileSync(DOCS, 'utf8')
  const [before = '', rest = ''] = text.split(BEGIN)
  const [measured = '', after = ''] = rest.split(END)
  // What was not asked now stays as it was measured before.
  const earlier = new Map(measured.split(/^(?=### )/m).map((section) => [/^### (\S+)/.exec(section)?.[1], section]))
  const all = questions.flatMap(({ name }) => sections.get(name) ?? earlier.get(name)?.trimEnd().concat('\n') ?? [])
  writeFileSync(DOCS, `${before}${BEGIN}\n${all.join('\n')}${END}${after}`)
}
