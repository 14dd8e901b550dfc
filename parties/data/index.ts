export { type ColumnDescription, type DatasetDescription, describeDataset } from './describe.ts'
export { isHeldOut, splitHoldout } from './holdout.ts'
export { type InferOptions, type InferredContract, inferContract } from './infer.ts'
export { type LoadOptions, loadTable, type RawTable } from './table.ts'
