/**
 * The five timeouts of the product, of which four are here and one is the job's own. Every wait that ends by itself is
 * one of them, or a share or a small multiple where one wait contains others; docs/concepts.md has the table for
 * operators, and test/architecture/timeouts.test.ts finds a wait that is none of them.
 *
 * Pauses between attempts, ages of what is cached, lifetimes of keys and certificates end no wait, so they are none.
 */

/**
 * From the dial to a connection that may be used: TLS, the quote (a TDX quote alone may take 30 s), the collateral from
 * far away, the verdict. Also for a program to start, which makes a quote first.
 */
export const CONNECT_MS = 75_000

/** One question and its answer; and a peer that is frozen is noticed within it. */
export const CALL_MS = 20_000

/**
 * Without progress a transfer is given up: an upload that brings less than 1 MiB in it, a download of which no part
 * comes. There is no limit on the whole.
 */
export const PROGRESS_MS = 30_000

// The fourth is `rounds.deadlineSeconds` of a job: for parties to join or answer, and for the updates of a round.

/** After the signal to end: for what is under way. */
export const GRACE_MS = 20_000
