/**
 * The command line: find the verb, run it, tell its errors, give the exit code. Nothing here reads the process; see
 * main.ts. Verbs are imported when they run.
 */
import { resolve } from 'node:path'
import { explained, failureOf, exits, type Failure } from './exit.ts'
import { overview, verbHelp } from './help.ts'
import { styleOf, type Context, type GlobalFlags, type Io } from './io.ts'
import { parseCommandLine } from './parse.ts'
import { verbs } from './verbs.ts'
import { clean, cleanLines } from './view/text.ts'

export { cliErrors, CliError, type CliCode } from './errors.ts'
export { cliReference } from './help.ts'
export type { Context, Io, Output, Style } from './io.ts'
export { styleOf } from './io.ts'

/** Runs one command line (without program names) and resolves to the exit code; it never throws. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const flags: GlobalFlags = {
    ...readHome(undefined, io),
    json: argv.includes('--json'),
    verbose: argv.includes('--verbose'),
    quiet: false,
  }
  const printed = { result: false }
  try {
    const { verb, group, options, globals, positionals } = parseCommandLine(argv, verbs)
    const home = typeof globals.home === 'string' ? globals.home : undefined
    const context = createContext(io, { ...flags, ...readHome(home, io), quiet: globals.quiet === true }, printed)
    if (globals.version === true) {
      context.result({ version: io.version }, io.version)
      return exits.ok.code
    }
    if (verb === undefined || globals.help === true) {
      const help = verb === undefined ? overview(group) : verbHelp(verb)
      context.result({ help }, help.trimEnd())
      return exits.ok.code
    }
    return await verb.run(context, options, ...positionals)
  } catch (error) {
    const failure = await explained(failureOf(error), error)
    tell(failure, error, io, flags, printed.result)
    return failure.exit
  }
}

function readHome(option: string | undefined, io: Io): Pick<Context, 'home' | 'homeGiven'> {
  const named = option ?? (io.env.COFFER_HOME === '' ? undefined : io.env.COFFER_HOME)
  return { home: resolve(io.cwd, named ?? '.coffer'), homeGiven: named !== undefined }
}

/** `printed` remembers whether the one line of --json is used up, for the error that may follow. */
export function createContext(io: Io, flags: GlobalFlags, printed = { result: false }): Context {
  return {
    ...flags,
    io,
    path: (relative) => resolve(io.cwd, relative),
    result(value, text) {
      printed.result = true
      io.stdout.write(`${flags.json ? JSON.stringify(value) : typeof text === 'string' ? text : text.join('\n')}\n`)
    },
    remark(text) {
      if (!flags.quiet) io.stderr.write(`${cleanLines(text)}\n`)
    },
  }
}

function tell({ code, message, next }: Failure, error: unknown, io: Io, flags: GlobalFlags, lineUsed: boolean): void {
  if (flags.json && !lineUsed) io.stdout.write(`${JSON.stringify({ error: { code, message, next } })}\n`)
  else if (flags.json) io.stderr.write(`${JSON.stringify({ error: { code, message, next } })}\n`)
  else {
    const { colour } = styleOf(io.stderr, io.env)
    const red = (text: string) => (colour ? `\x1b[31m${text}\x1b[0m` : text)
    io.stderr.write(`${red('error:')} ${cleanLines(message)}\n  code: ${clean(code)}\n  next: ${clean(next)}\n`)
  }
  if (flags.verbose && error instanceof Error) io.stderr.write(`${cleanLines(error.stack ?? '')}\n`)
}
