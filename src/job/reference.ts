/**
 * docs/job-spec.md: every key of the job spec and of the party policy, from the schemas that check them.
 * One table for each mapping; the members of a union have a table each, under the key that chooses between them.
 */
import type * as z from 'zod'
import { describeSchema, discriminatorOf, expectation, type SchemaNode } from './expectation.ts'
import { partyPolicySchema } from './policy.ts'
import { jobSpecSchema } from './schema.ts'

/** Markdown, without a trailing newline. */
export function specReference(): string {
  return [
    '# Job spec and party policy',
    'Made from the schemas in src/job; do not edit. Files are YAML 1.2 or JSON in UTF-8 of at most 1 MiB. Unknown and ' +
      'repeated keys, anchors, aliases and tags are refused. Defaults are filled in before the job digest is computed; ' +
      '`rounds.late`, `compression` and `robust` enter it only where they are not at their default.',
    '## Job spec',
    ...sections(jobSpecSchema),
    '## Party policy',
    ...sections(partyPolicySchema),
  ].join('\n\n')
}

interface Row {
  readonly path: string
  readonly node: SchemaNode
  readonly required: boolean
}

interface Section {
  readonly title: string
  readonly rows: Row[]
}

function sections(schema: z.ZodType): string[] {
  const found: Section[] = []
  section('', describeSchema(schema), 'Top level', found)
  return found.flatMap(({ title, rows }) => [`### ${title}`, table(rows)])
}

/** Adds the section of one mapping, then those of the unions within it. */
function section(path: string, node: SchemaNode, title: string, found: Section[]): void {
  const rows: Row[] = []
  const unions: { path: string; node: SchemaNode }[] = []
  found.push({ title, rows })
  collect(path, node, rows, unions)
  for (const union of unions) {
    const discriminator = discriminatorOf(union.node)
    for (const option of union.node.oneOf ?? []) {
      const kind = option.properties?.[discriminator]
      section(union.path, option, `\`${union.path}\` with \`${discriminator}: ${String(kind?.const)}\``, found)
    }
  }
}

/** Rows of a mapping and of the plain mappings and lists within; unions are left for sections of their own. */
function collect(path: string, node: SchemaNode, rows: Row[], unions: { path: string; node: SchemaNode }[]): void {
  if (node.oneOf !== undefined) unions.push({ path, node })
  if (node.items !== undefined) collect(`${path}[]`, node.items, rows, unions)
  if (typeof node.additionalProperties === 'object') collect(`${path}.NAME`, node.additionalProperties, rows, unions)
  for (const [key, member] of Object.entries(node.properties ?? {})) {
    const memberPath = path === '' ? key : `${path}.${key}`
    rows.push({ path: memberPath, node: member, required: node.required?.includes(key) ?? false })
    collect(memberPath, member, rows, unions)
  }
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ path, node, required }) =>
    [`\`${path}\``, expected(node), defaultOf(node, required), `${node.description ?? ''}.`]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  )
  return [
    '| Key | Value | Default | Meaning |',
    '| --- | --- | --- | --- |',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n')
}

function expected(node: SchemaNode): string {
  if (node.properties !== undefined) return 'a mapping'
  if (node.items === undefined || node.expected !== undefined) return expectation(node)
  return `${expectation(node)}; each ${node.items.properties === undefined ? expectation(node.items) : 'a mapping'}`
}

function defaultOf(node: SchemaNode, required: boolean): string {
  if (node.filled !== undefined) return `\`${JSON.stringify(node.filled)}\``
  if (node.default !== undefined && node.properties !== undefined) return 'as below'
  if (node.default !== undefined) return `\`${JSON.stringify(node.default)}\``
  return required ? 'required' : 'none'
}
