/** The map of rooms, read from its only source: the table in docs/architecture.md. */

export interface Room {
  readonly name: string
  readonly kind: 'pure' | 'generated' | 'I/O'
  /** Rooms it may import, itself included. */
  readonly rooms: ReadonlySet<string>
  readonly packages: ReadonlySet<string>
}
export type RoomMap = ReadonlyMap<string, Room>

/** Columns: room, holds, may import, packages, kind. "every pure room" stands for the pure rooms of the same table. */
export function parseRoomMap(markdown: string): RoomMap {
  const rows = markdown.slice(markdown.indexOf('| room | holds |')).split('\n').slice(2)
  const ended = rows.findIndex((line) => !line.startsWith('|'))
  const cells = rows
    .slice(0, ended === -1 ? rows.length : ended)
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const names = cells.map(([, room]) => plain(room))
  const pure = cells.filter((cell) => cell[5] === 'pure').map(([, room]) => plain(room))
  const words: Record<string, readonly string[]> = { 'every pure room': pure, everything: names, nothing: [] }
  return new Map(
    cells.map(([, room, , imports, packages, kind]) => {
      const name = plain(room)
      if (kind !== 'pure' && kind !== 'generated' && kind !== 'I/O') throw new Error(`${name}: unknown kind ${kind}`)
      const rooms = new Set([name, ...list(imports).flatMap((word) => words[word] ?? [word])])
      for (const other of rooms) if (!names.includes(other)) throw new Error(`${name}: no room is called ${other}`)
      return [name, { name, kind, rooms, packages: new Set(list(packages)) }]
    }),
  )
}

const plain = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '')
const list = (cell: string | undefined): string[] =>
  plain(cell)
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '' && word !== '-')
