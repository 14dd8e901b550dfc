/** A real coordinator, out of its home, that can be killed while it takes a model over: `HOME`. */
import { startCoordinator } from '../../src/coordinator/index.ts'
import { openHome } from '../../src/cli/home.ts'
import { openLedgerKey } from '../../src/cli/ledger/key.ts'
import { storeUrl } from '../../src/cli/programs.ts'
import { openStore } from '../../src/store/index.ts'
import { contextOf } from './context.ts'
import { log, now, obey, reached, type Tap, tappedNetwork, tell } from './points.ts'

/** `model 0`: its description has come and goes no further; then each part, and `model whole`. */
const collectModel: Tap = async function* (start, request, call) {
  let part = 0
  for await (const each of start(request, call)) {
    reached(`model ${part++}`)
    yield each
  }
  reached('model whole')
}

obey()
const context = contextOf(process.argv[2] ?? '', now)
const home = await openHome(context, 'coordinator')
const { federation, listen, aggregator, store } = home.config
const program = await startCoordinator({
  ...{ federation, listen, aggregator, identity: home.identity, now, log, version: context.io.version },
  network: tappedNetwork({ collectModel }),
  store: await openStore(storeUrl(home.directory, store)),
  storeName: store,
  ledgerKey: await openLedgerKey(context, home),
})
tell({ kind: 'ready', address: program.address })
