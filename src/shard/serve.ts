// The owner's end of the line to the main thread: one request comes, one reply goes. Before it: store/owner-thread.ts, the
// other end; after it: owner.ts, by way of the worker file.

import { performance } from 'node:perf_hooks';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { StoredGame } from '../store/store.ts';
import type { OwnerReply, OwnerRequest } from './protocol.ts';

/**
 * How long the thread looks for the next request before it goes to sleep. Somebody who awaits one command after the other
 * sends the next within microseconds of the answer: waking a thread costs the game loop as much again as sending.
 */
const LINGER_MS = 0.05;

/** What the pool hands to the thread, once. */
export interface Seat {
  readonly port: MessagePort;
}

/** Begins to answer what comes from the other end. `answer` must not throw: what it throws ends the thread. */
export function serve({ port }: Seat, answer: (request: OwnerRequest) => Promise<OwnerReply>): void {
  const work = async (first: OwnerRequest): Promise<void> => {
    for (let request: OwnerRequest | undefined = first; request; request = next(port)) {
      const reply = await answer(request);
      port.postMessage(reply, transferable(reply));
    }
  };
  port.on('message', (request: OwnerRequest) => {
    // Nobody handles a rejection, so that it is uncaught: then the pool replaces the thread.
    void work(request);
  });
}

/** The pieces of a game are large and nobody else's: they change hands. Everything else is copied, which costs less. */
function transferable(reply: OwnerReply): ArrayBuffer[] {
  const value = reply.ok ? (reply.value as Partial<StoredGame> | undefined) : undefined;
  const buffers = value?.pieces?.map(({ buffer }) => buffer as ArrayBuffer) ?? [];
  // Pieces that share a buffer, or a part of the pool of small ones, must stay.
  const own = value?.pieces?.every(({ byteLength, buffer }) => byteLength === buffer.byteLength) ?? false;
  return own && new Set(buffers).size === buffers.length ? buffers : [];
}

function next(port: MessagePort): OwnerRequest | undefined {
  const end = performance.now() + LINGER_MS;
  do {
    const received = receiveMessageOnPort(port) as { readonly message: OwnerRequest } | undefined;
    if (received) return received.message;
  } while (performance.now() < end);
  return undefined;
}
