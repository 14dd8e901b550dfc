/**
 * Which TEE interfaces this machine offers, in words that an operator can act on, and the attester that follows. Looking
 * changes nothing that lasts: who provides reports is only known from an entry in configfs, which is removed at once. The
 * device of Occlum is not called, because its first call decides whether the later ones work.
 */
import type { Attester } from './attester.ts'
import { findProvider, providers, REPORT_DIRECTORY } from './configfs/entry.ts'
import { RTMR3_PATH } from './configfs/rtmr.ts'
import { createTdxAttester, type TdxOptions } from './configfs/tdx.ts'
import { type Devices, systemCode } from './devices.ts'
import { TeeError } from './errors.ts'
import { CCEL_TABLE } from './event-log.ts'
import { createGramineAttester, GRAMINE_DIRECTORY } from './gramine/attester.ts'
import { createOcclumAttester, OCCLUM_DEVICE } from './occlum/attester.ts'

const attesters = {
  tdx: createTdxAttester,
  gramine: createGramineAttester,
  occlum: createOcclumAttester,
} as const satisfies Record<string, (devices: Devices, options: TdxOptions) => Attester>

export type AttesterName = keyof typeof attesters

export interface Finding {
  /** The path that was looked at. */
  readonly path: string
  /** `unusable`: there, but no quote can be made with it as it is. */
  readonly state: 'usable' | 'unusable' | 'absent'
  readonly found: string
  readonly next?: string
  /** The attester that works with it. */
  readonly attester?: AttesterName
}

/** In the order in which `openAttester('auto')` prefers them. */
export async function detectAttesters(devices: Devices): Promise<Finding[]> {
  const configfs = await lookAt(REPORT_DIRECTORY, () => findConfigfs(devices))
  const inTdx = configfs.attester === 'tdx'
  const rest: Findings = [
    [GRAMINE_DIRECTORY, async (path) => findGramine(path, await devices.look(path))],
    [OCCLUM_DEVICE, async (path) => findOcclum(path, await devices.look(path))],
    ['/dev/sgx_enclave', async (path) => findHost(path, await devices.look(path))],
    ['/dev/tdx_guest', async (path) => findLegacy(path, await devices.look(path), inTdx)],
    ['/dev/sev-guest', async (path) => findSev(path, await devices.look(path))],
    [RTMR3_PATH, async (path) => findRtmr(path, await devices.look(path), inTdx)],
    [CCEL_TABLE, async (path) => findEventLog(path, await devices.look(path), inTdx)],
  ]
  return [configfs, ...(await Promise.all(rest.map(([path, find]) => lookAt(path, () => find(path)))))]
}

/**
 * The first usable one, or the one that is asked for. Throws TeeError TEE_NOT_FOUND, which names what was looked at.
 * `options.extended`: what was put into RTMR3, so that the event log of a TDX VM tells it.
 */
export async function openAttester(
  choice: 'auto' | AttesterName,
  devices: Devices,
  options: TdxOptions = {},
): Promise<Attester> {
  const findings = await detectAttesters(devices)
  const fitting = findings.flatMap(({ attester }) =>
    attester !== undefined && (choice === 'auto' || choice === attester) ? [attester] : [],
  )
  const [first] = fitting
  if (first !== undefined) return attesters[first](devices, options)
  const looked = findings.map(({ path, found }) => `${path}: ${found}`).join('; ')
  const missing = choice === 'auto' ? 'no attester is usable here' : `the attester ${choice} cannot be used here`
  throw new TeeError('TEE_NOT_FOUND', `${missing}: ${looked}`)
}

type Look = Awaited<ReturnType<Devices['look']>>
type Findings = readonly (readonly [path: string, find: (path: string) => Promise<Finding>])[]

const absent = (path: string, found = 'absent'): Finding => ({ path, state: 'absent', found })

/** Even a path that cannot be looked at is a finding. */
async function lookAt(path: string, find: () => Promise<Finding>): Promise<Finding> {
  try {
    return await find()
  } catch (error) {
    if (error instanceof TeeError) {
      return { path, state: 'unusable', found: `${error.row.cause} (${error.message})`, next: error.row.next }
    }
    const code = systemCode(error)
    if (code === undefined) throw error
    return { path, state: 'unusable', found: code, next: 'run as root to look at it' }
  }
}

async function findConfigfs(devices: Devices): Promise<Finding> {
  const path = REPORT_DIRECTORY
  if ((await devices.look(path)) === 'absent') {
    return absent(path, 'absent: no Linux from 6.7 on with configfs-tsm, or configfs is not mounted')
  }
  const provider = await findProvider(devices)
  if (provider === providers.tdx) return { path, state: 'usable', found: 'an Intel TDX VM', attester: 'tdx' }
  const found = `reports of ${JSON.stringify(provider)}`
  return provider === providers['sev-snp'] ? sevSnp(path, `${found}: an AMD SEV-SNP VM`) : unknown(path, found)
}

const verifiable = 'run the aggregator in an Intel TDX VM, or in SGX under Gramine or Occlum'

function sevSnp(path: string, found: string): Finding {
  return { path, state: 'unusable', found: `${found}, whose evidence nothing here verifies`, next: verifiable }
}

function unknown(path: string, found: string): Finding {
  return { path, state: 'unusable', found: `${found}, which is not supported`, next: verifiable }
}

function findGramine(path: string, look: Look): Finding {
  return look === 'directory' ? { path, state: 'usable', found: 'Gramine', attester: 'gramine' } : absent(path)
}

/** On a host, udev or an old driver makes /dev/sgx a directory of links; in Occlum it is the device. */
function findOcclum(path: string, look: Look): Finding {
  if (look === 'directory') return findHost(path, look)
  return look === 'file' ? { path, state: 'usable', found: 'Occlum', attester: 'occlum' } : absent(path)
}

function findHost(path: string, look: Look): Finding {
  if (look === 'absent') return absent(path)
  const found = 'a host with SGX: a program outside of an enclave gets no quote'
  return { path, state: 'unusable', found, next: 'run the aggregator here under Gramine or Occlum' }
}

function findLegacy(path: string, look: Look, inTdx: boolean): Finding {
  if (look === 'absent') return absent(path)
  if (inTdx) return { path, state: 'usable', found: 'the older interface of this TDX VM, which is not needed' }
  const found = 'a TDX VM, but this device alone gives a report that only this machine can check, and no quote'
  return { path, state: 'unusable', found, next: 'use Linux 6.7 or newer with configfs-tsm, and mount configfs' }
}

function findSev(path: string, look: Look): Finding {
  return look === 'absent' ? absent(path) : sevSnp(path, 'an AMD SEV-SNP VM')
}

function findRtmr(path: string, look: Look, inTdx: boolean): Finding {
  if (look !== 'absent') return { path, state: 'usable', found: 'the program can put its digest into RTMR3' }
  if (!inTdx) return absent(path)
  const found = 'absent: quotes will name the machine image, not the program'
  return { path, state: 'unusable', found, next: 'use Linux 6.16 or newer, or measure the whole image' }
}

function findEventLog(path: string, look: Look, inTdx: boolean): Finding {
  if (look !== 'absent') return { path, state: 'usable', found: 'the firmware keeps an event log' }
  return absent(path, inTdx ? 'absent: parties will see RTMR values without the events behind them' : 'absent')
}
