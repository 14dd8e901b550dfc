/** `npm run docs`: writes the generated documents. */
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { documents } from './documents.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
for (const [path, text] of await documents()) {
  writeFileSync(join(root, path), text)
  console.error(`docs: ${path} written`)
}
