/** Local training and prediction: TensorFlow.js in a thread, behind one interface. */
export { type Backend, type BackendName, backendNames } from './backend.ts'
export { type TrainerCode, TrainerError, trainerErrors } from './errors.ts'
export { createTrainerPool, type TrainerPool } from './pool.ts'
export { type Control, correctionOf, nextControl } from './scaffold.ts'
export { shared } from './shared.ts'
export { createTrainer, type Trainer, type TrainerOptions } from './trainer.ts'
export type { Trained, TrainingInput, TrainingSpec } from './training.ts'
