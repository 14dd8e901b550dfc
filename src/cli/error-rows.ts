/**
 * The next step of an error that another program sent: over the wire comes its code, and the row is the same on both
 * sides. Imported only when such an error is told, because the tables come with their rooms.
 */
import { aggregatorErrors } from '../aggregator/index.ts'
import { coordinatorErrors } from '../coordinator/index.ts'
import type { ErrorRow } from '../errors/index.ts'
import { jobErrors } from '../job/index.ts'
import { learningErrors } from '../learning/index.ts'
import { roundErrors } from '../round/index.ts'
import { rpcErrors } from '../rpc/index.ts'
import { storeErrors } from '../store/index.ts'
import { updateErrors } from '../update/index.ts'

/** Every error that a call to the coordinator or the aggregator may end with, by its code. */
export const errorRows: ReadonlyMap<string, ErrorRow> = new Map(
  Object.entries({
    ...rpcErrors,
    ...jobErrors,
    ...coordinatorErrors,
    ...aggregatorErrors,
    ...storeErrors,
    ...roundErrors,
    ...updateErrors,
    ...learningErrors,
  }),
)
