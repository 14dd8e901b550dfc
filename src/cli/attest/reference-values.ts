/** Reference values from a file, YAML or JSON: what a relying party accepts. Unknown keys are refused; nothing is implied. */
import { z } from 'zod'
import type { ReferenceValues } from '../../attestation/index.ts'
import { parseConfig } from '../../job/index.ts'

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-fA-F]{${2 * bytes}}$`), `${bytes} bytes in hex`)
const allowed = (bytes: number) => z.union([z.literal('any'), z.array(hex(bytes)).max(1_000)])

const tdx = z.strictObject({
  tee: z.literal('tdx'),
  mrTd: z.array(hex(48)).max(1_000),
  mrSeam: allowed(48),
  rtmr0: allowed(48),
  rtmr1: allowed(48),
  rtmr2: allowed(48),
  rtmr3: allowed(48),
  mrConfigId: allowed(48),
  mrOwner: allowed(48),
  mrOwnerConfig: allowed(48),
  xfam: allowed(8),
  serviceTds: z.array(hex(48)).max(1_000),
  minimumTeeTcbSvn: hex(16),
})
const sgx = z.strictObject({
  tee: z.literal('sgx'),
  mrEnclave: allowed(32),
  mrSigner: allowed(32),
  isvProdId: z.int().min(0).max(65_535),
  minimumIsvSvn: z.int().min(0).max(65_535),
  configId: allowed(64),
})

const schema: z.ZodType<ReferenceValues> = z.strictObject({
  roots: z.array(hex(32)).max(100),
  simulated: z.boolean(),
  tcbStatuses: z
    .array(
      z.enum([
        'UpToDate',
        'SWHardeningNeeded',
        'ConfigurationNeeded',
        'ConfigurationAndSWHardeningNeeded',
        'OutOfDate',
        'OutOfDateConfigurationNeeded',
        'Revoked',
        'TDRelaunchAdvised',
        'TDRelaunchAdvisedConfigurationNeeded',
      ]),
    )
    .max(20),
  advisories: z.array(z.string().max(100)).max(1_000),
  minimumTcbEvaluation: z.int().min(0),
  maximumCollateralAge: z.int().min(0),
  programs: z.array(z.discriminatedUnion('tee', [tdx, sgx])).max(100),
})

/** Throws JobError CONFIG_INVALID with every problem. */
export function readReferenceValues(text: string, file: string): ReferenceValues {
  return parseConfig(schema, text, file)
}
