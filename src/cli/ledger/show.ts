/** `ledger show`: what the coordinator says its log is, and its newest entries in a line each. Nothing here is verified. */
import { toHex } from '../../crypto/index.ts'
import { claimedLogKey, type Leaf, logOrigin, openCheckpoint, parseLeaf, verifierKey } from '../../ledger/index.ts'
import { exits } from '../exit.ts'
import type { Context } from '../io.ts'
import { listLimit } from '../runs.ts'
import { openSession } from '../session.ts'
import { clean } from '../view/index.ts'

const SHOWN = 20

export async function show(
  context: Context,
  options: { readonly coordinator: string | undefined; readonly limit: number | undefined },
): Promise<number> {
  const limit = listLimit(options.limit ?? SHOWN)
  await using session = await openSession(context, options)
  const { checkpoint } = await session.runs.getCheckpoint({ size: 0 }, session.soon)
  const key = claimedLogKey(checkpoint)
  const origin = logOrigin(session.federation)
  const { size, root } = openCheckpoint(checkpoint, { origin, log: key, witnesses: [], threshold: 0 })
  const from = Math.max(0, size - limit)
  const leaves: Leaf[] = []
  if (size > 0) {
    const newest = session.runs.readLeaves({ from, count: size - from }, session.open)
    for await (const leaf of newest) leaves.push(parseLeaf(leaf))
  }
  const entries = leaves.map((leaf, at) => ({ index: from + at, ...leaf })).reverse()
  context.result({ origin, size, root: toHex(root), key: verifierKey(key), entries }, [
    `log ${origin}, ${size} entries`,
    `  root  ${toHex(root)}`,
    `  key   ${verifierKey(key)}`,
    ...entries.map((entry) => clean(`  ${String(entry.index).padStart(8)}  ${inWords(entry)}`)),
  ])
  return exits.ok.code
}

function inWords(leaf: Leaf): string {
  switch (leaf.kind) {
    case 'receipt':
      return `receipt     run ${leaf.receipt.run.slice(0, 8)}, round ${leaf.receipt.round}, ${leaf.receipt.updates.length} updates`
    case 'approval':
      return `approval    run ${leaf.run.slice(0, 8)}, ${leaf.party} ${leaf.decision}`
    case 'policy':
      return `policy      version ${leaf.version}, digest ${leaf.digest.slice(0, 16)}`
    case 'membership':
      return `membership  ${leaf.party} ${leaf.change}`
  }
}
