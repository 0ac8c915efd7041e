/** How many calls may be repetitions, so that an upstream in trouble does not get the more calls the worse it fares. */

/** What each first call puts in: of a hundred first calls, ten may be repeated in vain. */
const RATIO = 0.1;
/** What a second puts in, so that a repetition comes to be made also where first calls are few. */
const PER_SECOND = 0.5;
/** The most that is kept, and what there is at the start. */
const MOST = 10;

/**
 * A bucket of tokens, as in Finagle's `RetryBudget`: a first call and the time put in, a repetition takes one. One that the
 * upstream served gives its token back, so that after an outage the repetitions are not held up by the budget. In `seconds` with
 * `calls` first calls no more than 10 + 0.1 × calls + 0.5 × seconds repetitions fail.
 */
export class RetryBudget {
  readonly #now: () => number;
  #tokens = MOST;
  #filledAt: number;

  /** `now` tells milliseconds and never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#filledAt = now();
  }

  /** Whether `take` would be granted now. */
  get available(): boolean {
    this.#fill();
    return this.#tokens >= 1;
  }

  /** Takes the token of one repetition; false when there is none and the repetition must wait. */
  take(): boolean {
    if (!this.available) return false;
    this.#tokens -= 1;
    return true;
  }

  /** The repetition was served, or not made after all. */
  giveBack(): void {
    this.#add(1);
  }

  /** A first call is made. */
  earn(): void {
    this.#add(RATIO);
  }

  #fill(): void {
    const now = this.#now();
    this.#add(((now - this.#filledAt) / 1000) * PER_SECOND);
    this.#filledAt = now;
  }

  #add(tokens: number): void {
    this.#tokens = Math.min(MOST, this.#tokens + tokens);
  }
}
