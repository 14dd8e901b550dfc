/**
 * `attest check`: what the agent of this home would do when it dials the aggregator, and nothing after it: attest, judge,
 * record. For operators who want to know before a run whether the aggregator is the one the federation agreed on.
 */
import { relative } from 'node:path'
import { AttestationError, reasonsOf } from '../../attestation/index.ts'
import type { CodedError } from '../../errors/index.ts'
import type { Judgement } from '../../../parties/index.ts'
import { addressOr } from '../address.ts'
import { exits } from '../exit.ts'
import { type Home, openHome } from '../home.ts'
import type { Context } from '../io.ts'
import { createLog, silentLog } from '../log.ts'
import { networkOf } from '../session.ts'
import { clean } from '../view/index.ts'
import { openAppraiser } from './open-party.ts'
import { CALL_MS, CONNECT_MS } from '../../timeouts/index.ts'

/** To reach the address, and then for the attested connection. */
const DEADLINE_MS = CALL_MS + CONNECT_MS
/** After this somebody who waits is told for what. */
const PATIENCE_MS = 1_000

export async function check(context: Context, options: { readonly aggregator: string | undefined }): Promise<number> {
  const home = await openHome(context, 'party')
  const address = addressOr(options.aggregator, 'aggregator', home.config.aggregator)
  const judgement = await attestAggregator(context, home, address)
  // Without collateral, or a place for the record, there is no verdict: the failure is told as what it is.
  if (judgement.refusal !== undefined && !(judgement.refusal instanceof AttestationError)) throw judgement.refusal
  // Reasons quote what the evidence says, names in its certificates among it.
  context.result(recordOf(address, judgement), linesOf(context, address, judgement).map(clean))
  return judgement.refusal === undefined ? exits.ok.code : exits.failed.code
}

/** Throws whatever kept a verdict from being made: nobody at the address, no policy, nowhere to write. */
export async function attestAggregator(
  context: Context,
  home: Home<'party'>,
  address: string,
  /** For a doctor, who looks and accepts no policy for good. */
  looking = false,
): Promise<Judgement> {
  const network = await networkOf(context)
  const log = context.verbose ? createLog(context, 'coffer-attest') : silentLog
  let judgement: Judgement | undefined
  const judged = (each: Judgement) => {
    judgement = each
  }
  const tell = looking ? {} : { tell: (text: string) => context.remark(text) }
  await using attestation = await openAppraiser(context, home, log, { judged, ...tell })
  const { appraiser } = attestation
  const slow = setTimeout(() => context.remark(`attesting ${address} ...`), PATIENCE_MS)
  await using connection = network.connect({ address, identity: home.identity, role: 'aggregator', appraiser })
  const failure: unknown = await connection
    .reach({ signal: new AbortController().signal, deadlineMs: DEADLINE_MS })
    .then(
      () => undefined,
      (error: unknown) => error,
    )
  clearTimeout(slow)
  if (judgement !== undefined && (failure === undefined || judgement.refusal !== undefined)) return judgement
  throw failure ?? new Error('the aggregator was reached without a judgement')
}

function recordOf(address: string, { verdict, refusal, simulated, record }: Judgement): object {
  return {
    ok: refusal === undefined,
    simulated,
    address,
    reasons: refusal ? reasonsOf(refusal).map(({ code }) => code) : [],
    status: verdict?.tcb.status ?? null,
    tee: verdict?.tee ?? null,
    record,
  }
}

function linesOf(context: Context, address: string, { verdict, refusal, simulated, record }: Judgement): string[] {
  const file = relative(context.io.cwd, record)
  return [
    ...(simulated ? ['SIMULATED: this federation accepts a simulated TEE, which protects nothing'] : []),
    refusal === undefined
      ? `ACCEPTED: the aggregator at ${address} is what the federation's policy expects`
      : `REFUSED: the aggregator at ${address} is not used`,
    ...(refusal ? refusalLines(refusal) : []),
    ...(verdict === undefined
      ? []
      : [`  ${verdict.tee.toUpperCase()}, TCB status ${verdict.tcb.status}, root "${verdict.root.name}"`]),
    `next: coffer attest explain ${file.startsWith('..') ? record : file}`,
  ]
}

const refusalLines = (refusal: CodedError): string[] => [
  ...reasonsOf(refusal).map(({ code, text }) => `  ${code}: ${text}`),
  `  ${refusal.row.cause}`,
  `  -> ${refusal.row.next}`,
]
