/** A party as a witness of the coordinator's log, and what it keeps. */
export { type WitnessCode, WitnessError, witnessErrors } from './errors.ts'
export { type Evidence, listKept, readEvidence, readKey, readNote, readProof } from './files.ts'
export { createWitness, type Witness, type WitnessOptions } from './witness.ts'
