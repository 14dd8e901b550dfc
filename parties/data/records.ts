/**
 * CSV text as records (RFC 4180), read only for the names in the first record and for error messages: DuckDB counts a
 * record with line breaks in quotes as one line and stops at the first bad record; a person wants the line that an
 * editor shows, and all bad records. Memory stays constant whatever the file's size.
 */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { PartyError } from '../errors.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const SPACE = 0x20
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const BYTE_ORDER_MARK = '\ufeff'

/** 10,000 columns (the contract's limit) with names of 100 bytes. */
const MAXIMUM_HEADER_BYTES = 1024 * 1024

export interface CsvRecord {
  /** As an editor counts, from 1: where the record begins. */
  readonly line: number
  readonly fields: number
  /** The file ended inside a quoted value. */
  readonly open: boolean
}

/** The column names of a CSV file, exactly as they are between the commas. */
export async function readHeader(path: string): Promise<string[]> {
  const file = await open(path)
  try {
    const bytes = new Uint8Array(MAXIMUM_HEADER_BYTES)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, bytesRead))
    const header = splitRecord(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text)
    if (header === undefined || (!header.ended && bytesRead === bytes.length)) {
      throw new PartyError('DATA_MALFORMED', `${path}, line 1: a quote stays open, or the column names exceed 1 MiB`)
    }
    return header.fields
  } finally {
    await file.close()
  }
}

/** The first record that is not an empty line; undefined if a quote stays open or something follows a closing quote. */
function splitRecord(text: string): { fields: string[]; ended: boolean } | undefined {
  const quoted = / *"([^"]*(?:""[^"]*)*)" *(?=[,\r\n]|$)/y
  const plain = /(?! *")[^,\r\n]*/y
  const fields: string[] = []
  for (let at = /^[\r\n]*/.exec(text)?.[0].length ?? 0; ; at += 1) {
    quoted.lastIndex = at
    plain.lastIndex = at
    const field = quoted.exec(text) ?? plain.exec(text)
    if (field === null) return undefined
    fields.push(field[1]?.replaceAll('""', '"') ?? field[0])
    at += field[0].length
    if (text[at] !== ',') return { fields, ended: at < text.length }
  }
}

/** Calls back for every record in order, the column names included; empty lines are no records. */
export async function scanRecords(
  path: string,
  signal: AbortSignal,
  visit: (record: CsvRecord) => void,
): Promise<void> {
  const scanner = createScanner(visit)
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 256 * 1024 })) {
    if (chunk instanceof Uint8Array) scanner.write(chunk)
  }
  scanner.end()
}

function createScanner(visit: (record: CsvRecord) => void): { write(bytes: Uint8Array): void; end(): void } {
  let line = 1
  let start = 1
  let fields = 1
  // Where in a field: before anything but spaces, in plain text, in quotes, or after a quote that may have closed it.
  let place: 'start' | 'plain' | 'quoted' | 'closed' = 'start'
  let empty = true
  let previous = 0

  const finish = (open: boolean) => {
    if (!empty) visit({ line: start, fields, open })
    fields = 1
    place = 'start'
    empty = true
  }
  const step = (byte: number) => {
    // The UTF-8 byte order mark, EF BB BF.
    if (empty && line === 1 && byte >= 0xbb && place === 'start') return
    const breaks = byte === CARRIAGE_RETURN || byte === LINE_FEED
    const second = byte === LINE_FEED && previous === CARRIAGE_RETURN
    if (breaks && !second) line += 1
    previous = byte
    if (place === 'quoted') {
      if (byte === QUOTE) place = 'closed'
    } else if (breaks) {
      finish(false)
      start = line
    } else {
      empty = false
      if (byte === COMMA) {
        fields += 1
        place = 'start'
      } else if (byte === QUOTE && place !== 'plain') place = 'quoted'
      else if (byte !== SPACE) place = 'plain'
    }
  }
  return {
    write: (bytes) => {
      for (const byte of bytes) step(byte)
    },
    end: () => finish(place === 'quoted'),
  }
}
