/** docs/quick-start.md, followed word for word: its shell blocks are run as one script, with real processes. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { createDirectory } from './support.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'src/cli/main.ts')
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** The sh blocks of each numbered section. */
function sections(): string[] {
  const page = readFileSync(join(root, 'docs/quick-start.md'), 'utf8')
  return page
    .split(/^## /m)
    .filter((section) => /^\d/.test(section))
    .map((section) => [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block).join('\n'))
}

/** What a test must do otherwise; each change has to find its text, so that the page and this list stay together. */
function changed(text: string, changes: readonly (readonly [string | RegExp, string])[]): string {
  return changes.reduce((before, [from, to]) => {
    const after = before.replaceAll(typeof from === 'string' ? from : new RegExp(from, 'gm'), () => to)
    if (after === before) throw new Error(`the page has no ${from}`)
    return after
  }, text)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = Object(server.address())
  server.close()
  await once(server, 'close')
  return port
}

/** Waits until each program has said that it is up; a program that ended makes the script fail. */
const untilReady = `
for log in program-*.log; do
  until grep -Eq 'listens on|is up' $log; do jobs -r | grep -q . || exit 9; sleep 0.05; done
done`

async function script(directory: string): Promise<string> {
  const [install = '', federation = '', programs = '', job = '', run = '', use = '', ...more] = sections()
  if (more.length > 0) throw new Error('the page has a step that this test does not know')
  const ports = `--coordinator 127.0.0.1:${await freePort()} --aggregator 127.0.0.1:${await freePort()}`
  const background = programs.trim().split('\n')
  return [
    'set -e',
    changed(install, [
      ['npm ci\n', ''],
      ['mkdir ../north\n', ''],
      ['../north', directory],
    ]),
    job,
    // npm takes a second for each command: once, above, is enough.
    `coffer() { ${process.execPath} --import ${loader} ${main} "$@"; }`,
    changed(federation, [['init federation north --simulated', `init federation north --simulated ${ports}`]]),
    ...background.map((line, i) => `${line} > program-${i}.log 2>&1 &`),
    untilReady,
    run,
    'MODEL=$(coffer model list --json --home .coffer/users/admin | grep -Eo "[0-9a-f]{32}" | head -1)',
    changed(use, [['MODEL', '$MODEL']]),
  ].join('\n')
}

test('the page works as it is written', { timeout: 120_000 }, async () => {
  await using directory = await createDirectory()
  const text = await script(directory.path)
  // A group of its own, so that the programs end with it.
  const shell = spawn('bash', ['-s'], { cwd: root, stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  const { pid } = shell
  if (pid === undefined) throw new Error('there is no bash here')
  onTestFinished(() => void process.kill(-pid, 'SIGKILL'))
  const said: string[] = []
  for (const output of [shell.stdout, shell.stderr]) output.on('data', (bytes) => said.push(String(bytes)))
  shell.stdin.end(text)
  const [code] = await once(shell, 'close')
  const all = said.join('')
  expect({ code, all }).toMatchObject({ code: 0, all: expect.stringContaining('run finished') })
  expect(all).toMatch(/job\.yaml is a valid job spec/)
  expect(all).toMatch(/exported model [0-9a-f]{32} to .*credit-model/)
  const [, auc] = /^auc +(0\.\d+)$/m.exec(all) ?? []
  // The made-up customers can be learnt from: the true risk has an AUC of about 0.9.
  expect(Number(auc)).toBeGreaterThan(0.8)
})
