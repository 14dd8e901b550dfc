/**
 * What evidence has to show, as a schema: the one description of reference values in files, for attestation policies,
 * for a party's overlay and for plain reference values. The attestation room judges by the same shape; this room cannot
 * import it, so the command line, which knows both, has the compiler compare them.
 */
import * as z from 'zod'

const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-fA-F]{${2 * bytes}}$`))
    .meta({ expected: `${bytes} bytes as ${2 * bytes} hexadecimal digits` })

const list = (bytes: number) =>
  z
    .array(hex(bytes))
    .max(1_000)
    .meta({ expected: `a list of values, each of ${bytes} bytes in hexadecimal` })

const allowed = (bytes: number) =>
  z
    .union([z.literal('any'), list(bytes)])
    .meta({ expected: `'any', or a list of values, each of ${bytes} bytes in hexadecimal` })

const tdx = z.strictObject({
  tee: z.literal('tdx'),
  mrTd: list(48),
  mrSeam: allowed(48),
  rtmr0: allowed(48),
  rtmr1: allowed(48),
  rtmr2: allowed(48),
  rtmr3: allowed(48),
  mrConfigId: allowed(48),
  mrOwner: allowed(48),
  mrOwnerConfig: allowed(48),
  xfam: allowed(8),
  serviceTds: list(48),
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

/** As Intel's QVL names them; the attestation room accepts Revoked from nobody, whatever a list says. */
export const tcbStatuses = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
  'TDRelaunchAdvised',
  'TDRelaunchAdvisedConfigurationNeeded',
] as const

const program = z.discriminatedUnion('tee', [tdx, sgx])

const fields = {
  tcbStatuses: z.array(z.enum(tcbStatuses)).max(20),
  advisories: z.array(z.string().min(1).max(100).meta({ expected: 'an advisory such as INTEL-SA-00828' })).max(1_000),
  minimumTcbEvaluation: z.int().min(0),
  maximumCollateralAge: z.int().min(0),
  programs: z.array(program).max(100),
}
const fingerprints = z.array(hex(32)).max(100)

export const referenceValuesSchema = z.strictObject({ roots: fingerprints, simulated: z.boolean(), ...fields })
export const roleReferencesSchema = z.strictObject({ ...fields, programs: fields.programs.min(1) })
export const overlaySchema = z.strictObject({ roots: fingerprints, ...fields }).partial()

type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T

/** The shape of ReferenceValues of the attestation room, which explains each value. */
export type References = Frozen<z.infer<typeof referenceValuesSchema>>
/** What one role has to show: References without what is common to all roles. */
export type RoleReferences = Frozen<z.infer<typeof roleReferencesSchema>>
export type PolicyProgram = RoleReferences['programs'][number]
/** A party's stricter rules: any of these keys, each one in place of the federation's. */
export type PolicyOverlay = Frozen<z.infer<typeof overlaySchema>>
