// Starts thread.ts where the program runs from its sources. JavaScript, because a thread does not inherit the main
// thread's loader on Node 20, so its first file must be one that Node reads by itself. The measured program has none
// of this: there the thread is the same file as the program.
import { register } from 'tsx/esm/api'

register()
const { serveEngine } = await import('./thread.ts')
serveEngine()
