/** The repository's own files, read once. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** Path from the root, with '/', -> text. Planted trees have the same shape. */
export type Tree = ReadonlyMap<string, string>

/** Every file under `folders` whose name has this form; generated types are nobody's code. */
export function readTree(folders: readonly string[], form = /\.[cm]?[jt]s$/): Tree {
  const tree = new Map<string, string>()
  const visit = (path: string): void => {
    if (path === 'src/gen' || path.endsWith('node_modules')) return
    if (statSync(join(root, path)).isDirectory()) {
      for (const name of readdirSync(join(root, path)).sort()) visit(`${path}/${name}`)
    } else if (form.test(path)) {
      tree.set(path, readFileSync(join(root, path), 'utf8'))
    }
  }
  for (const folder of folders) if (existsSync(join(root, folder))) visit(folder)
  return tree
}
