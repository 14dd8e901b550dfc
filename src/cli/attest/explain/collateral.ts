/** The section on collateral: every document with its dates, and how old the oldest is. */
import type { Collateral } from '../../../attestation/index.ts'
import { together } from './compare.ts'
import { createTeller, day, type Field, type Section, type Teller } from './field.ts'
import type { Judgement } from './judgement.ts'

export function collateralSections(judgement: Judgement): Section[] {
  const { collateral, now, reasons, verdict } = judgement
  if (collateral === undefined || now === undefined) return []
  const tell = createTeller(reasons, verdict !== undefined)
  return [{ name: 'collateral', fields: collateralFields(judgement, collateral, now.getTime(), tell) }]
}

function collateralFields({ quote, demands }: Judgement, collateral: Collateral, now: number, tell: Teller): Field[] {
  const { tcbInfo, qeIdentity, pckCrl, rootCrl, pckCrlChain } = collateral
  const document = (each: { readonly issued: number; readonly nextUpdate: number; readonly evaluation: number }) =>
    `${dates(each.issued, each.nextUpdate)}, evaluation ${each.evaluation}`
  const list = (each: Collateral['pckCrl']) =>
    `${dates(each.thisUpdate, each.nextUpdate)}, ${each.revoked.size} revoked`
  const within = (from: number, to: number) => ({ holds: now >= from && now <= to })
  const lists = [pckCrl, rootCrl]
  const documents = [tcbInfo.content, qeIdentity.content]
  const certificates = [...quote.chain, ...pckCrlChain, ...tcbInfo.chain, ...qeIdentity.chain]
  const starts = [
    ...documents.map((d) => d.issued),
    ...lists.map((l) => l.thisUpdate),
    ...certificates.map((c) => c.notBefore),
  ]
  const ends = [...documents, ...lists].map(({ nextUpdate }) => nextUpdate).concat(certificates.map((c) => c.notAfter))
  const [from, to] = [Math.max(...starts), Math.min(...ends)]
  const oldest = Math.min(...documents.map(({ issued }) => issued), pckCrl.thisUpdate)
  const age = Math.floor((now - oldest) / 1000)
  const [signer] = tcbInfo.chain
  const limits = demands.map(({ name, values: { maximumCollateralAge: most } }) => ({
    ...{ name, expected: [`at most ${duration(most)}`], holds: age <= most },
  }))
  return [
    tell('tcbInfo', document(tcbInfo.content), within(tcbInfo.content.issued, tcbInfo.content.nextUpdate)),
    tell('qeIdentity', document(qeIdentity.content), within(qeIdentity.content.issued, qeIdentity.content.nextUpdate)),
    tell('pckCrl', list(pckCrl), within(pckCrl.thisUpdate, pckCrl.nextUpdate)),
    tell('rootCrl', list(rootCrl), within(rootCrl.thisUpdate, rootCrl.nextUpdate)),
    tell(
      'tcbSigner',
      `${signer.commonName}, ${dates(signer.notBefore, signer.notAfter)}`,
      within(signer.notBefore, signer.notAfter),
    ),
    tell('collateralAge', `${day(oldest)}, ${duration(age)} old at the verdict`, together(limits)),
    tell('collateralEnd', dates(from, to), within(from, to)),
  ]
}

const dates = (from: number, to: number): string => `${day(from)} to ${day(to)}`

const HOUR = 3_600

function duration(seconds: number): string {
  if (Math.abs(seconds) < 2 * HOUR) return `${seconds} s`
  const hours = Math.floor(seconds / HOUR)
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`
}
