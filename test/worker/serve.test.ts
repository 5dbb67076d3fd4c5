// The owner's end of the line, in this thread: what is to be done anyway is done between requests, and the event loop has its turns.

import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { afterEach, expect, it } from 'vitest';
import { CommitSlot } from '#storage/sqlite/worker/commit-slot.ts';
import type { OwnerReply, OwnerRequest } from '#storage/sqlite/worker/protocol.ts';
import { serve } from '#storage/sqlite/worker/serve.ts';

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Longer than a slice of an owner, in milliseconds. */
function busyFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

it('[SL3] what is to be done goes on by itself, with turns of the event loop and requests in between', async () => {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const order: string[] = [];
  let left = 150;
  serve(
    { port: port2, memory: new CommitSlot().memory },
    async (request: OwnerRequest): Promise<OwnerReply> => {
      order.push(request.kind);
      return { ok: true, value: left };
    },
    () => {
      if (left === 0) return false;
      left -= 1;
      busyFor(1);
      if (order.at(-1) !== 'work') order.push('work');
      return true;
    },
  );
  port1.postMessage({ kind: 'list' });
  let turns = 0;
  while (left > 0) {
    await turn();
    turns += 1;
    if (order.includes('work') && !order.includes('asked')) {
      order.push('asked');
      port1.postMessage({ kind: 'stats' });
    }
  }
  // A turn of the owner is 20 ms, and there is work for 150.
  expect(turns).toBeGreaterThan(3);
  await turn();
  expect(order.slice(0, 6)).toEqual(['list', 'work', 'asked', 'stats', 'work'].slice(0, order.length));
  const answers = [receiveMessageOnPort(port1), receiveMessageOnPort(port1), receiveMessageOnPort(port1)];
  expect(answers[0]).toMatchObject({ message: { ok: true, value: 150 } });
  expect(answers[1]).toMatchObject({ message: { ok: true } });
  expect(answers[2]).toBeUndefined();
});

it('[SL3] with nothing to do it rests, and answers what comes', async () => {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  let looked = 0;
  serve(
    { port: port2, memory: new CommitSlot().memory },
    async () => ({ ok: true, value: 7 }),
    () => {
      looked += 1;
      return false;
    },
  );
  await turn();
  expect(looked).toBe(0);
  port1.postMessage({ kind: 'list' });
  let answer: { readonly message: unknown } | undefined;
  while (!answer) {
    await turn();
    answer = receiveMessageOnPort(port1);
  }
  expect(answer.message).toEqual({ ok: true, value: 7 });
  await turn();
  const before = looked;
  await turn();
  await turn();
  expect(looked).toBe(before);
});
