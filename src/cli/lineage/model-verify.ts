/** `model verify`: finds what is to be verified and what to trust, and prints each step. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseCollateral } from '../../attestation/index.ts'
import { sha256, toHex } from '../../crypto/index.ts'
import { aggregatorReferences, parseSignedPolicy, policyDigest, verifyPolicy } from '../../job/index.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exit.ts'
import { exists, readBytes, readText } from '../files.ts'
import { findHomes, homeFiles } from '../home.ts'
import { checkedId } from '../ids.ts'
import type { Context } from '../io.ts'
import { readWitness } from '../ledger/witnesses.ts'
import { fetchModel } from '../models.ts'
import { openSession } from '../session.ts'
import { timeOf } from '../attest/verify.ts'
import { clean } from '../view/index.ts'
import { collectLineage } from './collect.ts'
import { type Lineage, readLineage } from './lineage.ts'
import { type LineageTrust, type LineageVerdict, type Step, verifyLineage } from './verify.ts'
import type { LogTrust } from './verify-log.ts'

export interface ModelVerifyOptions {
  readonly policy: string | undefined
  readonly collateral: string | undefined
  readonly at: string | undefined
  readonly from: string | undefined
  readonly coordinator: string | undefined
}

/** What no receipt says. Printed, because a reader would otherwise fill it in. */
const notShown = [
  'that the rows behind the updates were what the parties say they are',
  'model.json, model.safetensors and preprocessing.json: only weights.bin is compared',
  'metrics, name and date of the model version: the coordinator states them',
]

export async function modelVerify(context: Context, options: ModelVerifyOptions, given: string): Promise<number> {
  const trust = await trustOf(context, options)
  const { lineage, weights } = await found(context, options, given)
  const verdict = verifyLineage(lineage, weights, trust)
  const ok = verdict.steps.every(({ outcome }) => outcome !== 'refused')
  context.result(recordOf(given, ok, trust, verdict), linesOf(ok, verdict).map(clean))
  return ok ? exits.ok.code : exits.failed.code
}

/** A directory of that name first: an id cannot be one by accident, a directory can be named like an id. */
async function found(context: Context, options: ModelVerifyOptions, given: string) {
  const directory = context.path(given)
  const facts = await stat(directory).catch(() => undefined)
  if (facts?.isDirectory()) {
    const weights = toHex(sha256(await readBytes(join(directory, 'weights.bin'), 'parameters')))
    return { lineage: await readLineage(directory), weights }
  }
  const modelId = checkedId(given, 'model')
  await using session = await openSession(context, options)
  const { version } = await fetchModel(session, modelId)
  const lineage: Lineage = await collectLineage(session, version)
  // Of the parameters that were downloaded: `fetchModel` compared them.
  return { lineage, weights: toHex(version.digest) }
}

async function trustOf(context: Context, options: ModelVerifyOptions): Promise<LineageTrust> {
  const policyFile = await fileOf(context, options.policy, homeFiles.attestationPolicy, 'policy')
  const collateralFile = await fileOf(context, options.collateral, homeFiles.collateral, 'collateral')
  const signed = parseSignedPolicy(await readText(policyFile, 'attestation policy'), policyFile)
  const { federation } = signed.policy
  const { values, roots } = aggregatorReferences(verifyPolicy(signed, { federation }))
  return {
    federation,
    policyDigest: policyDigest(signed.policy),
    values,
    roots,
    collateral: parseCollateral(await readText(collateralFile, 'collateral')),
    now: timeOf(options.at, context.io.now()),
    log: await logTrustOf(context, options.from),
  }
}

/** The option's file, or the one of that name in the home that was given or in the user's below it. */
async function fileOf(context: Context, given: string | undefined, name: string, option: string): Promise<string> {
  if (given !== undefined) return context.path(given)
  const homes = [context.home, ...(await findHomes(context.home, 'user'))]
  for (const home of homes) if (await exists(join(home, name))) return join(home, name)
  throw new CliError('CLI_ARGUMENT_INVALID', `${context.home} has no ${name}: give --${option} FILE`)
}

async function logTrustOf(context: Context, given: string | undefined): Promise<LogTrust> {
  const own = join(context.home, homeFiles.witness)
  if (given === undefined && !(await exists(own))) return { notes: [], proofs: [] }
  const { key, notes, proofs } = await readWitness(given === undefined ? own : context.path(given))
  return { ...(key && { key }), notes, proofs }
}

function recordOf(model: string, ok: boolean, trust: LineageTrust, { steps, receipts, simulated }: LineageVerdict) {
  const last = receipts.at(-1)
  return {
    ok,
    model,
    federation: trust.federation,
    run: last?.run ?? null,
    rounds: receipts.length,
    digest: last?.modelAfter ?? null,
    privacySpent: last?.privacySpent ?? null,
    simulated,
    steps,
    notShown,
  }
}

function linesOf(ok: boolean, { steps, receipts, simulated }: LineageVerdict): string[] {
  const spent = receipts.at(-1)?.privacySpent
  return [
    ...(simulated ? ['SIMULATED: the aggregator ran in a simulated TEE, which protects nothing'] : []),
    ok ? 'VERIFIED: the model comes from these rounds' : 'REFUSED: not shown to come from these rounds',
    ...steps.map(lineOf),
    ...(spent
      ? [`  privacy     spent: epsilon ${spent.epsilon}, delta ${spent.delta}, as the last receipt states`]
      : []),
    'not shown by any of this:',
    ...notShown.map((each) => `  - ${each}`),
  ]
}

const lineOf = ({ check, outcome, text, codes }: Step): string =>
  `  ${outcome.padEnd(9)}  ${check.padEnd(8)}  ${codes.length > 0 ? `${[...new Set(codes)].join(', ')}: ` : ''}${text}`
