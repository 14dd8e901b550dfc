/** `policy sign` and `policy key`: what an organisation does, where its key is. Nothing is sent anywhere. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { keyFingerprint, policyDigest, publicKeyPem, signersOf, signPolicy } from '../../job/index.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exit.ts'
import { exists, readText, writeNew } from '../files.ts'
import { keyExposure } from '../home.ts'
import { checkedName, required } from '../init/sign.ts'
import type { Context } from '../io.ts'
import { loud, readSignedPolicy, replacePolicy } from './file.ts'
import { signatureText } from './show.ts'

export interface SignOptions {
  readonly organisation: string | undefined
  readonly key: string | undefined
  readonly previous: string | undefined
}

export async function sign(context: Context, options: SignOptions, file: string): Promise<number> {
  const organisation = required(options.organisation, 'organisation')
  const key = await readKey(context.path(required(options.key, 'key')))
  const before = options.previous === undefined ? undefined : await readSignedPolicy(context, options.previous)
  const signed = signPolicy(await readSignedPolicy(context, file), organisation, key, before?.policy)
  await replacePolicy(context.path(file), signed)
  const { policy } = signed
  const { federation, version, threshold } = policy
  const { own } = signersOf(signed)
  const digest = policyDigest(policy)
  context.result({ federation, version, digest, organisation, signed: own, enough: own.length >= threshold }, [
    ...loud(policy),
    `${organisation} signed the attestation policy of ${federation}, version ${version}`,
    `  digest      ${digest}`,
    `  signatures  ${signatureText(signed)}`,
    own.length >= threshold
      ? `next: coffer policy check ${file}, then hand it to every party and to the aggregator`
      : 'next: send the file to the next organisation; compare the digest with it by telephone or the like',
  ])
  return exits.ok.code
}

async function readKey(path: string): Promise<KeyObject> {
  const pem = await readText(path, 'key of the organisation')
  if ((await keyExposure(path)) === 'others') {
    throw new CliError('CLI_KEY_EXPOSED', `other users can read the key ${path} or change it; expected mode 0600`)
  }
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    // OpenSSL's reason may quote what it read, which may be a secret of another kind.
    throw new CliError('CLI_ARGUMENT_INVALID', `--key ${path} is not a private key in PEM without a password`, {
      cause,
    })
  }
}

export interface KeyOptions {
  readonly organisation: string | undefined
  readonly out: string | undefined
}

export async function key(context: Context, options: KeyOptions): Promise<number> {
  const organisation = checkedName(required(options.organisation, 'organisation'), 'the organisation')
  const directory = context.path(required(options.out, 'out'))
  const files = {
    key: join(directory, `${organisation}.key.pem`),
    publicKey: join(directory, `${organisation}.pub.pem`),
  }
  // Half of a pair beside half of an older one would look like a pair.
  if (await exists(files.publicKey)) throw new CliError('CLI_FILE_EXISTS', `${files.publicKey} exists already`)
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  await makeDirectory(directory)
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  await writeNew({ path: files.key, text: pem, secret: true })
  await writeNew({ path: files.publicKey, text: publicKeyPem(publicKey) })
  const fingerprint = keyFingerprint(publicKey)
  context.result({ organisation, ...files, keyFingerprint: fingerprint }, [
    `key of ${organisation}: ${files.key} (keep it secret; whoever has it signs for ${organisation})`,
    `public key: ${files.publicKey}`,
    `key SHA-256 ${fingerprint}`,
    'next: give the public key to whoever writes the policy, and compare the SHA-256 with them',
  ])
  return exits.ok.code
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CliError('CLI_FILE_UNWRITABLE', `${path} cannot be made: ${why}`, { cause })
  }
}
