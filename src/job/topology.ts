/**
 * A Sequential model as TensorFlow.js saves it (model.json, or the JSON of model.toJSON()) becomes the list of layers
 * that a job spec has. Only the list's form is changed here; what a layer may say is for the schema, so a topology with
 * a regulariser or a frozen layer is refused there and not trained without it.
 */

/** Replaces `model.layers` of an unchecked spec where it is such a topology; everything else stays as it is. */
export function readTopology(spec: unknown): unknown {
  if (!isMapping(spec) || !isMapping(spec.model) || spec.model.kind !== 'layers') return spec
  const layers = layersIn(spec.model.layers)
  return Array.isArray(layers) ? { ...spec, model: { ...spec.model, layers: layers.flatMap(readLayer) } } : spec
}

function layersIn(value: unknown): unknown {
  if (!isMapping(value)) return value
  // model.json has the topology under modelTopology; a topology that Keras wrote has it under model_config once more.
  if (value.modelTopology !== undefined) return layersIn(value.modelTopology)
  if (value.model_config !== undefined) return layersIn(value.model_config)
  if (value.class_name !== 'Sequential') return value
  // Older files have the list itself as config.
  return isMapping(value.config) ? value.config.layers : value.config
}

function readLayer(layer: unknown): unknown[] {
  if (!isMapping(layer) || layer.class_name === undefined) return [layer]
  // Only says the shape of the input, which follows from the features.
  if (layer.class_name === 'InputLayer') return []
  const { class_name: className, config, ...rest } = layer
  return [{ className, config: isMapping(config) ? readConfig(config) : config, ...rest }]
}

function readConfig(config: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(config).filter(([key, value]) => !says(key, value))
  return Object.fromEntries(kept.map(([key, value]) => [camelCase(key), readValue(value, key)]))
}

/** What every saved layer says and no job needs: names, shapes, where weights started, and what is absent. */
function says(key: string, value: unknown): boolean {
  if (key === 'name' || key === 'batch_input_shape' || key.endsWith('_initializer')) return true
  if (key === 'trainable') return value === true
  if (key === 'dtype' || key === 'input_dtype') return value === 'float32' || value === null
  if (key === 'data_format') return value === 'channels_last' || value === null
  return value === null
}

/** TensorFlow.js writes the sizes of one-dimensional layers as lists of one, and functions as hard_sigmoid. */
function readValue(value: unknown, key: string): unknown {
  if (key === 'activation' && typeof value === 'string') return camelCase(value)
  const listed = ['kernel_size', 'strides', 'dilation_rate', 'axis'].includes(key)
  return listed && Array.isArray(value) && value.length === 1 ? value[0] : value
}

function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
