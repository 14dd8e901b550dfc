/**
 * What a verb is: one entry of the table in verbs.ts, from which parsing, help and docs/cli.md are made.
 * `run` imports its implementation when it is called, so that help needs none of them.
 */
import type { Context } from './io.ts'

export interface OptionSpec {
  /** `strings` may be given several times. */
  readonly type: 'string' | 'strings' | 'integer' | 'boolean'
  /** How the value is called in help. */
  readonly value?: string
  /** The only values allowed. */
  readonly choices?: readonly string[]
  /** Told in help; what it stands for is the implementation's matter, unless it is a literal of the type. */
  readonly default?: string
  readonly description: string
}
export type OptionSpecs = Readonly<Record<string, OptionSpec>>

export interface PositionalSpec {
  readonly name: string
  readonly description: string
  /** One or more of them; the last argument only. */
  readonly many?: true
}

type ValueOf<Spec extends OptionSpec> = Spec['type'] extends 'boolean'
  ? boolean
  : Spec['type'] extends 'integer'
    ? number | undefined
    : Spec['type'] extends 'strings'
      ? readonly string[]
      : (Spec extends { readonly choices: readonly (infer Choice)[] } ? Choice : string) | undefined

export type OptionValues<Specs extends OptionSpecs> = string extends keyof Specs
  ? Readonly<Record<string, AnyValue>>
  : { readonly [Name in keyof Specs]: ValueOf<Specs[Name]> }
export type AnyValue = string | number | boolean | readonly string[] | undefined

export interface Verb<
  Specs extends OptionSpecs = OptionSpecs,
  Positionals extends readonly PositionalSpec[] = readonly PositionalSpec[],
> {
  /** One to three words. */
  readonly name: string
  readonly summary: string
  readonly description?: string
  readonly positionals: Positionals
  readonly options: Specs
  readonly examples: readonly string[]
  /** A method, so that TypeScript's bivariance lets verbs of different options share one table. Returns the exit code. */
  run(
    context: Context,
    options: OptionValues<Specs>,
    ...positionals: { readonly [Index in keyof Positionals]: string }
  ): Promise<number>
}

/** Checks one entry of the table and infers the types of its options; the table holds it under the general type. */
export function verb<const Specs extends OptionSpecs, const Positionals extends readonly PositionalSpec[]>(
  entry: Verb<Specs, Positionals>,
): Verb {
  return entry
}
