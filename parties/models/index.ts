/** Models at a party: training one on one table alone, judging one on a table, and writing one as files. */
export { type ModelCode, ModelError, modelErrors } from './errors.ts'
export { type EvaluateOptions, evaluateModel, type RawRows } from './evaluate.ts'
export { type ExportOptions, exportModel } from './export.ts'
export type { ExportedSpec } from './preprocessing.ts'
export type { Lineage } from './readme.ts'
export { decodeSafetensors, encodeSafetensors, type NamedTensor } from './safetensors.ts'
export { type LocalModel, type LocalSpec, type TrainLocallyOptions, trainLocally } from './train-locally.ts'
