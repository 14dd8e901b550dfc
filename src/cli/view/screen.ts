/**
 * Lines that are redrawn in place. The cursor is hidden while it draws and restored by `close`, whatever ends it.
 * Each frame is written at once, so that a terminal never shows half of one.
 */
import type { Output } from '../io.ts'

const HIDE = '\x1b[?25l'
const SHOW = '\x1b[?25h'
const CLEAR_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'
/** Of a terminal that does not tell its height. */
const USUAL_HEIGHT = 24

export interface Screen {
  draw(lines: readonly string[]): void
  /** Leaves the last frame and gives the cursor back. Idempotent. */
  close(): void
}

export function createScreen(output: Output): Screen {
  let height = 0
  let open = true
  let hidden = false
  const up = () => (height === 0 ? '\r' : `\x1b[${height}A\r`)
  const body = (lines: readonly string[]) => lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')
  return {
    draw(lines) {
      if (!open) return
      // Lines that have scrolled away cannot be drawn over.
      const shown = lines.slice(0, Math.max(1, (output.rows ?? USUAL_HEIGHT) - 1))
      output.write(`${hidden ? '' : HIDE}${up()}${body(shown)}${CLEAR_BELOW}`)
      hidden = true
      height = shown.length
    },
    close() {
      if (open && hidden) output.write(SHOW)
      open = false
    },
  }
}
