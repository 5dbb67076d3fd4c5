// The owner's end of the line to the main thread: one request comes, one reply goes. Before it: sqlite/owner-thread.ts,
// the other end; after it: owner.ts, by way of the worker file.

import { performance } from 'node:perf_hooks';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { EarlyChunks, StoredGame, StoreLoad } from '../../store.ts';
import { CommitSlot, IN_SLOT } from './commit-slot.ts';
import type { OwnerChunk, OwnerReply, OwnerRequest } from './protocol.ts';

/**
 * How long the thread looks for the next request before it goes to sleep. Somebody who awaits one command after the
 * other sends the next soon after the answer, and waking a thread costs the game loop more than sending. It looks for
 * half as long again as the last request took to come, where that was soon, and only for a moment otherwise.
 */
const [LEAST_LINGER_MS, MOST_LINGER_MS] = [0.05, 0.25];

/** Requests that come one after the other must not keep the thread from its event loop for longer. */
const LONGEST_TURN_MS = 20;

/** What the pool hands to the thread, once. */
export interface OwnerConnection {
  readonly port: MessagePort;
  /** Of the slot that both ends share. */
  readonly memory: SharedArrayBuffer;
  /** Where the thread says which game it is at work on: see at-work.ts. */
  readonly atWork: SharedArrayBuffer;
}

/** A request, or the word that it is in the slot. */
type Message = OwnerRequest | typeof IN_SLOT;

/**
 * Begins to answer what comes from the other end. `answer` must not throw: what it throws ends the thread. `doIdleWork`
 * does a little of what is to be done anyway, when nothing has come, and says whether there was anything.
 */
export function serve(
  { port, memory }: Pick<OwnerConnection, 'port' | 'memory'>,
  answer: (request: OwnerRequest, early: EarlyChunks) => Promise<OwnerReply>,
  doIdleWork: () => boolean,
): void {
  const slot = new CommitSlot(memory);
  const send = (message: OwnerChunk, list: ArrayBuffer[]): void => port.postMessage(message, list);
  const early: EarlyChunks = {
    take: (piece) => send({ piece }, ownBuffers([piece])),
    discard: () => send({ piece: 'discard' }, []),
  };
  let answeredAt = 0;
  let isAtWork = false;
  const work = async (first: Message | undefined): Promise<void> => {
    isAtWork = true;
    const turnEnds = performance.now() + LONGEST_TURN_MS;
    let message = first ?? next(port, slot, 0, turnEnds, doIdleWork);
    while (message !== undefined) {
      const pause = performance.now() - answeredAt;
      const request = message === IN_SLOT ? ({ kind: 'commit', batch: slot.take() } as const) : message;
      const reply = await answer(request, early);
      if (reply.ok && (request.kind === 'commit' || request.kind === 'compact')) {
        slot.answer(reply.value as StoreLoad);
        port.postMessage(IN_SLOT);
      } else port.postMessage(reply, transferable(reply));
      answeredAt = performance.now();
      const linger = pause * 1.5 > MOST_LINGER_MS ? LEAST_LINGER_MS : Math.max(pause * 1.5, LEAST_LINGER_MS);
      message = answeredAt < turnEnds ? next(port, slot, answeredAt + linger, turnEnds, doIdleWork) : undefined;
    }
    isAtWork = false;
    // What is left to do goes on after the event loop has had its turn, unless a request has come by then.
    if (doIdleWork()) setImmediate(() => isAtWork || void work(undefined));
  };
  port.on('message', (message: Message) => {
    // Nobody handles a rejection, so that it is uncaught: then the pool replaces the thread.
    void work(message);
  });
}

/** The pieces of a game are large and nobody else's: they change hands. Everything else is copied, which costs less. */
function transferable(reply: OwnerReply): ArrayBuffer[] {
  const value = reply.ok ? (reply.value as Partial<StoredGame> | undefined) : undefined;
  return ownBuffers(value?.pieces ?? []);
}

/** None when some share a buffer, or have a part of the pool of small ones: those must stay. */
function ownBuffers(pieces: readonly Uint8Array[]): ArrayBuffer[] {
  const buffers = pieces.map(({ buffer }) => buffer as ArrayBuffer);
  const own = pieces.every(({ byteLength, buffer }) => byteLength === buffer.byteLength);
  return own && new Set(buffers).size === buffers.length ? buffers : [];
}

/** Looks until `end`, and while there is something to do until `turnEnds`. */
function next(
  port: MessagePort,
  slot: CommitSlot,
  end: number,
  turnEnds: number,
  doIdleWork: () => boolean,
): Message | undefined {
  slot.look();
  while (!slot.asked) {
    const received = receiveMessageOnPort(port) as { readonly message: Message } | undefined;
    if (received) {
      slot.leave();
      return received.message;
    }
    const until = doIdleWork() ? turnEnds : end;
    if (performance.now() >= until) break;
  }
  return slot.leave() ? IN_SLOT : undefined;
}
