/** A quote on file: judged as `attest verify` does where there is collateral, else only read. */
import {
  intelSgxRootPem,
  parseCollateral,
  parseQuote,
  type Reason,
  type Verdict,
  verifyEvidence,
} from '../../../attestation/index.ts'
import { toHex } from '../../../crypto/index.ts'
import { CliError } from '../../errors.ts'
import { readBytes, readText } from '../../files.ts'
import type { Context } from '../../io.ts'
import { acceptedBy, bindingOf, timeOf, type VerifyOptions } from '../verify.ts'
import { type Explanation, evidenceSections } from './explanation.ts'
import { refusalReasons } from './field.ts'
import { isSimulated, type Judgement } from './judgement.ts'

/** Throws EvidenceError for a quote that cannot be read at all, and CliError for options that do not fit together. */
export async function explainQuote(context: Context, options: VerifyOptions, quote: Uint8Array): Promise<Explanation> {
  const parsed = parseQuote(quote)
  const binding = bindingOf(options['report-data'])
  const log = options['event-log']
  const eventLog = log === undefined ? undefined : await readBytes(context.path(log), 'event log')
  const given = {
    ...{ quote: parsed, size: quote.length },
    ...(binding !== 'unbound' && { reportData: toHex(binding.reportData) }),
    ...(eventLog && { eventLog }),
  }
  if (options.collateral === undefined) return claims(options, given)
  const text = await readText(context.path(options.collateral), 'collateral')
  const accepted = options.policy === undefined ? undefined : await acceptedBy(context, options.policy)
  const roots = options.roots === undefined ? undefined : await readText(context.path(options.roots), 'roots')
  const now = timeOf(options.at, context.io.now())
  const values = accepted?.values
  const collateral = attempt(() => parseCollateral(text))
  const evidence = { quote, ...(eventLog && { eventLog }) }
  const trusted = roots ?? accepted?.roots ?? intelSgxRootPem
  const judged =
    'reasons' in collateral
      ? collateral
      : attempt(() =>
          verifyEvidence(evidence, {
            ...{ roots: trusted, collateral: collateral.value, binding, now },
            ...(values && { policy: values }),
          }),
        )
  return told({
    ...{ ...given, now, demands: values ? [{ name: 'policy', values }] : [] },
    ...('value' in collateral && { collateral: collateral.value }),
    ...('value' in judged ? { verdict: judged.value, reasons: judged.value.reasons } : { reasons: judged.reasons }),
  })
}

type Attempt<T> = { readonly value: T } | { readonly reasons: readonly Reason[] }

function attempt<T>(judge: () => T): Attempt<T> {
  try {
    return { value: judge() }
  } catch (error) {
    const reasons = refusalReasons(error)
    if (reasons === undefined) throw error
    return { reasons }
  }
}

/** Nothing is verified; report data and event log can still be compared with what the quote claims. */
function claims(
  options: VerifyOptions,
  given: Pick<Judgement, 'quote' | 'size' | 'reportData' | 'eventLog'>,
): Explanation {
  const needless = (['at', 'roots', 'policy'] as const).find((name) => options[name] !== undefined)
  if (needless !== undefined) {
    throw new CliError('CLI_ARGUMENT_INVALID', `--${needless} needs --collateral: without it nothing can be judged`)
  }
  const judgement = { ...given, reasons: [], demands: [] }
  const sections = evidenceSections(judgement)
  const contradicted = sections.some(({ fields }) => fields.some(({ verdict }) => verdict === 'refused'))
  const first = contradicted ? 'REFUSED: the quote is not what was asked for' : 'CLAIMS ONLY: nothing was verified'
  return {
    ...{ kind: 'quote', outcome: contradicted ? 'refused' : 'claims', simulated: isSimulated(judgement) },
    summary: [first, 'What follows is what the quote says of itself. Give --collateral FILE to have it judged.'],
    reasons: [],
    sections,
  }
}

function told(judgement: Judgement): Explanation {
  const { verdict, reasons, demands } = judgement
  return {
    ...{ kind: 'quote', ...headline(verdict, demands.length > 0), simulated: isSimulated(judgement), reasons },
    sections: evidenceSections(judgement),
  }
}

function headline(verdict: Verdict | undefined, judged: boolean): Pick<Explanation, 'outcome' | 'summary'> {
  if (verdict === undefined) {
    const summary = ['REFUSED: not shown to be genuine evidence', 'All that the quote says below is only a claim.']
    return { outcome: 'refused', summary }
  }
  if (!verdict.ok) return { outcome: 'refused', summary: ['REFUSED: genuine, and not what is accepted'] }
  return judged
    ? { outcome: 'accepted', summary: ['ACCEPTED: genuine, and what the policy expects'] }
    : { outcome: 'genuine', summary: ['GENUINE: no policy was given, so nothing says that it is the right program'] }
}
