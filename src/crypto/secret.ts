/**
 * A private key or token, wrapped so that it is shown only where somebody asks for it by name: logs, errors, JSON,
 * templates and the inspector print [secret].
 */
const SHOWN = '[secret]'

export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  reveal(): string {
    return this.#text
  }

  toString(): string {
    return SHOWN
  }

  toJSON(): string {
    return SHOWN
  }

  /** What console.log and util.inspect print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return SHOWN
  }
}
