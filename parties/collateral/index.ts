/** Collateral at a party: fetched from a PCS or PCCS, kept on disk, or taken from an offline bundle. */
export { mergeCollateralBundles, readCollateralBundle } from './bundle.ts'
export { type CollateralCode, CollateralError, collateralErrors } from './errors.ts'
export { fetchCollateral } from './fetch.ts'
export { collateralDocuments, platformName, type ReadCollateral } from './form.ts'
export { parseCollateralService } from './service.ts'
export {
  type CollateralSource,
  type CollateralSourceOptions,
  createCollateralSource,
  type FoundCollateral,
} from './source.ts'
