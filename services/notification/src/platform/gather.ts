/** Questions that are asked in one turn of the event loop, answered together. */

interface Asked<Q, A> {
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

export class Gather<Q, A> {
  readonly #answer: (questions: readonly Q[]) => Promise<readonly A[]>;
  #asked: Asked<Q, A>[] = [];

  /** `answer` gets one or more questions and answers each, in their order. */
  constructor(answer: (questions: readonly Q[]) => Promise<readonly A[]>) {
    this.#answer = answer;
  }

  /** Rejects, as all that were asked with it do, with what `answer` rejects with. */
  ask(question: Q): Promise<A> {
    return new Promise<A>((resolve, reject) => {
      // A tick comes after all promises that are settled now: who was waiting beside us has asked by then.
      if (this.#asked.length === 0) process.nextTick(() => void this.#all());
      this.#asked.push({ question, resolve, reject });
    });
  }

  async #all(): Promise<void> {
    const asked = this.#asked;
    this.#asked = [];
    try {
      const answers = await this.#answer(asked.map(({ question }) => question));
      if (answers.length !== asked.length)
        throw new TypeError(`${answers.length} answers to ${asked.length} questions`);
      for (const [index, answer] of answers.entries()) asked[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
