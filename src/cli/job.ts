/** `job check`: what the coordinator and the parties would say of a spec's form, without asking them. */
import { toHex } from '../crypto/index.ts'
import { canonicalSpec, jobDigest, parseJobSpec } from '../job/index.ts'
import { exits } from './exit.ts'
import { readText } from './files.ts'
import type { Context } from './io.ts'
import { clean } from './view/index.ts'

export async function check(context: Context, file: string): Promise<number> {
  const spec = parseJobSpec(await readText(context.path(file), 'job spec'))
  const digest = toHex(jobDigest(canonicalSpec(spec)))
  const { name, task, model, parties, rounds } = spec
  context.result(
    { valid: true, name, jobDigest: digest, task: task.kind, model: model.kind, parties, rounds: rounds.count },
    [
      `${clean(file)} is a valid job spec: ${clean(name)}`,
      `  ${task.kind}, ${model.kind} model, ${rounds.count} rounds, parties ${parties.join(', ')}`,
      `  job digest ${digest}`,
    ],
  )
  return exits.ok.code
}
