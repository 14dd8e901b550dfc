/** The key of the coordinator's log: made at the first start, in the home, readable by its owner only. */
import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { Secret } from '../../crypto/index.ts'
import { createSigner, LedgerError, logOrigin, type NoteSigner, parseSignerKey, signerKey } from '../../ledger/index.ts'
import { exists, readText, writeNew } from '../files.ts'
import { checkKey, type Home, homeFiles } from '../home.ts'
import type { Context } from '../io.ts'

/** For a log that ends with the process. */
export const newLedgerKey = (federation: string): NoteSigner =>
  createSigner(logOrigin(federation), generateKeyPairSync('ed25519').privateKey)

/** Throws CliError CLI_KEY_EXPOSED, LedgerError LEDGER_NOTE_KEY for a key that is none, or of another federation. */
export async function openLedgerKey(context: Context, { directory, config }: Home<'coordinator'>): Promise<NoteSigner> {
  const path = join(directory, homeFiles.ledgerKey)
  const origin = logOrigin(config.federation)
  if (!(await exists(path))) {
    const text = `${signerKey(origin, generateKeyPairSync('ed25519').privateKey).reveal()}\n`
    await writeNew({ path, text, secret: true })
  }
  await checkKey(context, path)
  const signer = parseSignerKey(new Secret((await readText(path, 'key of the ledger')).trim()))
  if (signer.verifier.name === origin) return signer
  throw new LedgerError('LEDGER_NOTE_KEY', `${path} is the key of log ${signer.verifier.name}, expected ${origin}`)
}
