/**
 * The parties that wait for a run which is asleep, and were never given its key. A crash may come after the run was
 * written down and before any party has its key: then nobody can open it, and it has to begin anew.
 *
 * That loses nothing exactly if no round was committed. A party has the key before it sends its first update, and a round
 * is committed with the updates of a quorum: so once there are fewer others than a quorum, no round was. Others may
 * still come with the key, and are waited for until the deadline of a round, as at the start of a run; where everybody
 * has come without it, nobody is left to be waited for.
 */
export interface KeylessSetting {
  readonly parties: readonly string[]
  readonly quorum: number
  readonly deadlineSeconds: number
  /** Called when `certain` has become true. */
  readonly changed: () => void
}

export class Keyless {
  readonly #setting: KeylessSetting
  readonly #waiting = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #overdue = false

  constructor(setting: KeylessSetting) {
    this.#setting = setting
  }

  /** That nobody brings the key, and no round is lost without it. */
  get certain(): boolean {
    const { parties, quorum } = this.#setting
    const others = parties.length - this.#waiting.size
    return others === 0 || (this.#overdue && others < quorum)
  }

  /** This party has come without the key. */
  add(party: string): void {
    const { deadlineSeconds, changed } = this.#setting
    this.#waiting.add(party)
    const pass = () => {
      this.#overdue = true
      if (this.certain) changed()
    }
    this.#timer ??= setTimeout(pass, deadlineSeconds * 1000)
    if (this.certain) changed()
  }

  /** The run is awake, or over. */
  clear(): void {
    clearTimeout(this.#timer)
  }
}
