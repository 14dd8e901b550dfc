import { CodedError, type ErrorTable } from '../../src/errors/index.ts'

export const modelErrors = {
  MODEL_DIRECTORY: {
    status: 'ALREADY_EXISTS',
    cause: 'The export was to go to a path that is a file, or a folder with something in it.',
    next: 'Name a new or empty folder; an export never overwrites anything.',
  },
  MODEL_MISMATCH: {
    status: 'DATA_LOSS',
    cause: 'The parameters are not those of the model: another number, another digest, or another number of columns.',
    next: 'Download the model again; if it happens again, check that all programs run the same release.',
  },
  MODEL_SAFETENSORS: {
    status: 'INVALID_ARGUMENT',
    cause: 'A safetensors file is damaged, or holds something else than float32 tensors.',
    next: 'Copy or export the file again.',
  },
} as const satisfies ErrorTable<string>

export type ModelCode = keyof typeof modelErrors

export class ModelError extends CodedError<ModelCode> {
  constructor(code: ModelCode, message: string, options?: ErrorOptions) {
    super(modelErrors, code, message, options)
  }
}
