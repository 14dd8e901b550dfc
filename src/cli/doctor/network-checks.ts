/** What only the coordinator can tell: itself, its clock, the aggregator, the connected parties. */
import { CodedError } from '../../errors/index.ts'
import type { CoordinatorStatus } from '../../rpc/index.ts'
import type { Context } from '../io.ts'
import { openSession } from '../session.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** Certificates and deadlines bear more, but a clock so wrong will soon be worse. */
const CLOCK_MS = 5000

export async function checkCoordinator(
  context: Context,
  options: { readonly coordinator: string | undefined },
): Promise<Check[]> {
  try {
    await using session = await openSession(context, options)
    const before = context.io.now()
    const status = await session.runs.getStatus({}, session.soon)
    return judgeStatus(status, session.coordinator, (before + context.io.now()) / 2)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const next = error instanceof CodedError ? error.row.next : 'run it again with --verbose'
    return [fail('coordinator, connection', message, next)]
  }
}

/** `now`: this machine's clock when the status was made, in milliseconds. */
export function judgeStatus(status: CoordinatorStatus, address: string, now: number): Check[] {
  const ahead = Math.round((status.timeMs - now) / 100) / 10
  const parties = status.connectedParties
  const clock = `${Math.abs(ahead)} s ${ahead < 0 ? 'behind' : 'ahead of'} this machine`
  return [
    ok('coordinator, connection', `${address}, version ${status.version}, store ${status.store}`),
    Math.abs(status.timeMs - now) > CLOCK_MS
      ? warn('coordinator, clock', clock, 'set both clocks by NTP')
      : ok('coordinator, clock', clock),
    status.aggregatorReachable
      ? ok('aggregator, connection', 'the coordinator reaches it')
      : fail(
          'aggregator, connection',
          status.aggregatorDetail || 'the coordinator does not reach it',
          "start it, or correct `aggregator` in the coordinator's coffer.yaml",
        ),
    parties.length === 0
      ? warn('parties', 'none is connected', 'start the party agents')
      : ok('parties', `connected: ${parties.join(', ')}`),
  ]
}
