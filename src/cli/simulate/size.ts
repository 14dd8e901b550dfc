/** A model of about so many parameters: equal hidden layers, as few as do. */
import type { JobSpec } from '../../job/index.ts'

/** Of the job spec: outputs of one hidden layer, and hidden layers. */
const [WIDEST, MOST_LAYERS] = [4096, 10]

/** @param inputs encoded columns; @param outputs of the task */
export function modelOfSize(parameters: number, inputs: number, outputs: number): JobSpec['model'] {
  for (let layers = 1; ; layers += 1) {
    const width = widthFor(parameters, layers, inputs, outputs)
    if (width > WIDEST && layers < MOST_LAYERS) continue
    const hidden = new Array<number>(layers).fill(Math.min(Math.max(1, Math.round(width)), WIDEST))
    return { kind: 'mlp', hidden, activation: 'relu', dropout: 0 }
  }
}

/**
 * The width w of `layers` equal layers with (layers - 1) (w^2 + w) + w (inputs + 1 + outputs) + outputs parameters: of
 * a w^2 + b w = c the positive root.
 */
function widthFor(parameters: number, layers: number, inputs: number, outputs: number): number {
  const a = layers - 1
  const b = a + inputs + 1 + outputs
  const c = parameters - outputs
  return a === 0 ? c / b : (Math.sqrt(b * b + 4 * a * Math.max(0, c)) - b) / (2 * a)
}
