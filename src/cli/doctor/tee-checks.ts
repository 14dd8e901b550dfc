/** What TEE interfaces this machine offers, and whether an aggregator could attest itself here. Looks, changes nothing. */
import { type Devices, detectAttesters, type Finding } from '../../tee/index.ts'
import { type Check, ok, warn } from './check.ts'

/** One check for what can attest, one for each interface that is there but needs a hand. None of them is a failure:
 * a party and a coordinator need no TEE. */
export async function checkTee(devices: Devices): Promise<Check[]> {
  const findings = await detectAttesters(devices)
  return [summary(findings), ...findings.flatMap(checkOf)]
}

function summary(findings: readonly Finding[]): Check {
  const names = findings.flatMap(({ attester }) => (attester === undefined ? [] : [attester]))
  if (names.length > 0) return ok('tee', `an aggregator can attest itself here by: ${names.join(', ')}`)
  const looked = findings.map(({ path }) => path).join(', ')
  return ok('tee', `no usable interface, so an aggregator can only be simulated here; looked at ${looked}`)
}

/** What is absent is no news, unless something beside it makes it one. */
function checkOf({ path, state, found, next }: Finding): Check[] {
  if (state === 'absent') return []
  return [next === undefined ? ok(`tee, ${path}`, found) : warn(`tee, ${path}`, found, next)]
}
