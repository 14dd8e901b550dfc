/** The forms of evidence that the simulator issues, each with the quote version that its deployments use. */
export const teeKinds = ['sgx-v3', 'tdx-v4', 'tdx-v5'] as const

export type TeeKind = (typeof teeKinds)[number]

export const isTdx = (tee: TeeKind): boolean => tee !== 'sgx-v3'
