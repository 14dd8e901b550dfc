// Starts worker.ts where the program runs from its sources. JavaScript, because a thread does not inherit the main
// thread's loader on Node 20, so its first file must be one that Node reads by itself.
import { register } from 'tsx/esm/api'

register()
await import('./worker.ts')
