/**
 * `attest check`: what the agent of this home would do when it dials the aggregator, and nothing after it: attest, judge,
 * record. For operators who want to know before a run whether the aggregator is the one the federation agreed on.
 */
import { relative } from 'node:path'
import { CodedError } from '../../errors/index.ts'
import { AttestationError } from '../../attestation/index.ts'
import type { AppraiserOptions } from '../../../parties/index.ts'
import { addressOr } from '../address.ts'
import { exits } from '../exit.ts'
import { openHome } from '../home.ts'
import type { Context } from '../io.ts'
import { createLog } from '../log.ts'
import { networkOf } from '../session.ts'
import { openAppraiser } from './open.ts'

/** A TDX quote and collateral from far away, together. */
const DEADLINE_MS = 90_000

type Judgement = Parameters<NonNullable<AppraiserOptions['judged']>>[0]

export async function check(context: Context, options: { readonly aggregator: string | undefined }): Promise<number> {
  const home = await openHome(context, 'party')
  const address = addressOr(options.aggregator, 'aggregator', home.config.aggregator)
  const network = await networkOf(context)
  const log = createLog({ ...context, quiet: true }, 'coffer-attest')
  let judgement: Judgement | undefined
  const judged = (each: Judgement) => {
    judgement = each
  }
  await using attestation = await openAppraiser(context, home, log, judged)
  const { appraiser } = attestation
  await using connection = network.connect({ address, identity: home.identity, role: 'aggregator', appraiser })
  const refusal = await connection.reach({ signal: new AbortController().signal, deadlineMs: DEADLINE_MS }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (refusal !== undefined && (judgement === undefined || !(refusal instanceof CodedError))) throw refusal
  if (judgement === undefined) throw new Error('the aggregator was reached without a judgement')
  const ok = refusal === undefined
  context.result(recordOf(address, judgement), linesOf(context, address, judgement))
  return ok ? exits.ok.code : exits.failed.code
}

function recordOf(address: string, { verdict, refusal, simulated, record }: Judgement): object {
  return {
    ok: refusal === undefined,
    simulated,
    address,
    reasons: reasonsOf(refusal).map(({ code }) => code),
    status: verdict?.tcb.status ?? null,
    tee: verdict?.tee ?? null,
    record,
  }
}

function reasonsOf(refusal: CodedError | undefined): readonly { readonly code: string; readonly text: string }[] {
  if (refusal === undefined) return []
  return refusal instanceof AttestationError ? refusal.reasons : [{ code: refusal.code, text: refusal.message }]
}

function linesOf(context: Context, address: string, { verdict, refusal, simulated, record }: Judgement): string[] {
  const file = relative(context.io.cwd, record)
  return [
    ...(simulated ? ['SIMULATED: this federation accepts a simulated TEE, which protects nothing'] : []),
    refusal === undefined
      ? `ACCEPTED: the aggregator at ${address} is what the federation's policy expects`
      : `REFUSED: the aggregator at ${address} is not used`,
    ...reasonsOf(refusal).map(({ code, text }) => `  ${code}: ${text}`),
    ...(refusal === undefined ? [] : [`  -> ${refusal.row.next}`]),
    ...(verdict === undefined
      ? []
      : [`  ${verdict.tee.toUpperCase()}, TCB status ${verdict.tcb.status}, root "${verdict.root.name}"`]),
    `next: coffer attest explain ${file.startsWith('..') ? record : file}`,
  ]
}
