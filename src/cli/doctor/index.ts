/**
 * `doctor`: looks at this machine, at every home below the home directory and at what they must reach, and says for each
 * thing whether it is well and what to do if not. It changes nothing.
 */
import { createDevices } from '../../tee/index.ts'
import { exits } from '../exit.ts'
import { findHomes } from '../home.ts'
import { type Context, styleOf } from '../io.ts'
import { clean } from '../view/index.ts'
import type { Check, Verdict } from './check.ts'
import { checkHome } from './home-checks.ts'
import { checkDisk, checkNode, checkTraining } from './machine-checks.ts'
import { checkCoordinator, checkNeighbours } from './network-checks.ts'
import { checkTee } from './tee-checks.ts'

const colours: Readonly<Record<Verdict, string>> = { ok: '\x1b[32m', warn: '\x1b[33m', fail: '\x1b[31m' }

export async function doctor(context: Context, options: { readonly coordinator: string | undefined }): Promise<number> {
  const checks = await examine(context, options)
  const count = (verdict: Verdict) => checks.filter((check) => check.verdict === verdict).length
  const healthy = count('fail') === 0
  const { colour } = styleOf(context.io.stdout, context.io.env)
  context.result({ healthy, checks }, [
    ...checks.flatMap((check) => lines(check, colour)),
    '',
    `${count('ok')} well, ${count('warn')} to look at, ${count('fail')} to mend`,
  ])
  return healthy ? exits.ok.code : exits.failed.code
}

function lines({ verdict, name, found, next }: Check, colour: boolean): string[] {
  const mark = colour ? `${colours[verdict]}${verdict.padEnd(4)}\x1b[0m` : verdict.padEnd(4)
  const first = `${mark}  ${name}: ${clean(found)}`
  return next === undefined ? [first] : [first, `      -> ${clean(next)}`]
}

const isIdentity = (name: string): boolean => /, (?:key|certificate)$/.test(name)

async function examine(context: Context, options: { readonly coordinator: string | undefined }): Promise<Check[]> {
  const roles = ['coordinator', 'aggregator', 'user', 'party'] as const
  const found = await Promise.all(roles.map((role) => findHomes(context.home, role)))
  const homes = [...new Set(found.flat())]
  const missing: Check = {
    verdict: 'fail',
    name: 'home',
    found: `no coffer.yaml and no federation.yaml in ${context.home}`,
    next: 'give --home DIR or set COFFER_HOME; coffer init makes a home',
  }
  const ofHomes: Check[] = []
  const users: string[] = []
  for (const directory of homes) {
    const { checks, config } = await checkHome(context, directory)
    ofHomes.push(...checks)
    if (config?.role === 'user') users.push(directory)
    // A home that is broken would only meet its own fault again on the way.
    else if (config !== undefined && !checks.some(({ verdict, name }) => verdict === 'fail' && isIdentity(name)))
      ofHomes.push(...(await checkNeighbours(context, directory, config, options)))
  }
  const [user] = users
  return [
    checkNode(process.version),
    await checkDisk(context.home),
    await checkTraining(),
    ...(await checkTee(createDevices())),
    ...(homes.length === 0 ? [missing] : ofHomes),
    ...(user === undefined ? [] : await checkCoordinator({ ...context, home: user }, options)),
  ]
}
