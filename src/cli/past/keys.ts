// Keys as somebody presses them, one after the other. Before it: the terminal; after it: the interactive replay.

import { emitKeypressEvents } from 'node:readline';
import type { Readable } from 'node:stream';

/** Standard input, where it may be a terminal. */
export type KeyStream = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };

export class Keys {
  readonly #stream: KeyStream;
  readonly #pressed: string[] = [];
  readonly #onKey: (text: string | undefined, key: { readonly name?: string; readonly ctrl?: boolean }) => void;
  readonly #onEnd: () => void;
  #waiting: ((key: string | undefined) => void) | undefined;
  #ended = false;

  constructor(stream: KeyStream) {
    this.#stream = stream;
    this.#onKey = (text, { name, ctrl }) => {
      const key = ctrl ? `ctrl-${name ?? ''}` : name !== undefined && name.length > 1 ? name : text;
      if (key !== undefined) this.#give(key);
    };
    this.#onEnd = () => {
      this.#ended = true;
      if (this.#pressed.length === 0) this.#give(undefined);
    };
    emitKeypressEvents(stream);
    stream.on('keypress', this.#onKey);
    stream.once('end', this.#onEnd);
    stream.once('close', this.#onEnd);
    stream.setRawMode?.(true);
    stream.resume();
  }

  /**
   * The next key: its character, or a name such as `return`, `space`, `backspace`, `left` or `ctrl-c`. Undefined when
   * there will be no more.
   */
  next(): Promise<string | undefined> {
    const key = this.#pressed.shift();
    if (key !== undefined || this.#ended) return Promise.resolve(key);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** Gives the terminal back as it was. */
  close(): void {
    this.#stream.off('keypress', this.#onKey);
    this.#stream.off('end', this.#onEnd);
    this.#stream.off('close', this.#onEnd);
    this.#stream.setRawMode?.(false);
    this.#stream.pause();
  }

  #give(key: string | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(key);
    else if (key !== undefined) this.#pressed.push(key);
  }
}
