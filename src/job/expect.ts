/** How a rule over several keys speaks: it says what was expected at a path; problems.ts adds what was found. */
import type * as z from 'zod'

export type Context = z.RefinementCtx<unknown>

export function expect(context: Context, path: (string | number)[], expected: string): void {
  context.addIssue({ code: 'custom', path, message: expected, input: context.value })
}
