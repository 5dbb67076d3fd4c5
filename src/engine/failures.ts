// What a commit queue tells those who wait for it, when it cannot do what they wait for.

import { errorFromData, errorToData, OrreryError } from '../core/errors.ts';

/** A rejection that several people hear needs a stack of its own for each. */
export function again(error: OrreryError): OrreryError {
  return errorFromData(errorToData(error));
}

export function asOrreryError(error: unknown): OrreryError {
  return error instanceof OrreryError ? error : errorFromData(errorToData(error));
}

export function closed(game?: string): OrreryError {
  return new OrreryError({
    code: 'CLOSED',
    what: 'this orrery is closed',
    hint:
      'Open it again with openOrrery. If nobody called close(): `await using` at the top of a module closes when the module has been run, ' +
      'while its timers and servers go on. Write `const orrery = await openOrrery(...)` there, and close it when the program ends.',
    context: game === undefined ? {} : { game },
  });
}

/** A record that does not follow on the one of its game before it. */
export function misplaced(game: string, seq: number, due: number): OrreryError {
  return new OrreryError({
    code: 'SEQ_CONFLICT',
    what: `a record with seq ${seq} was given where seq ${due} was due`,
    hint: 'Nothing was changed. Is there a second object of the same game? Only what `orrery.open` gives is the game.',
    context: { game, seq },
  });
}

/** `what` would have to be written. */
export function readOnly(what: string, game?: string): OrreryError {
  return new OrreryError({
    code: 'READ_ONLY',
    what: `this orrery was opened with readOnly, and ${what}`,
    hint: 'Open the directory without `readOnly`. To look is enough: load, list, verify, pack and what history(id) reads.',
    context: game === undefined ? {} : { game },
  });
}

export function backpressure(game: string, queued: number, bound: number, cause: OrreryError | undefined): OrreryError {
  return new OrreryError({
    code: 'BACKPRESSURE',
    what: `${queued} bytes of accepted records wait to become durable, and the bound is ${bound}`,
    hint: 'Wait for `orrery.flush()`, raise `commitQueueBytes`, add shards, or choose overflow: "coalesce".',
    context: { game },
    cause,
  });
}

export function closeTimeout(trouble: OrreryError | undefined): OrreryError {
  return new OrreryError({
    code: 'CLOSE_TIMEOUT',
    what: 'not everything could be saved and closed in time',
    hint: 'Raise `shutdownTimeoutMs`, or look at why the disk does not answer.',
    cause: trouble,
  });
}

export function openTimeout(shard: number, ms: number): OrreryError {
  return new OrreryError({
    code: 'OPEN_TIMEOUT',
    what: `the shard was not open after ${ms} ms`,
    hint: 'Nothing is lost. Look at why the disk does not answer, or raise `openTimeoutMs`: a long journal takes long to replay.',
    context: { shard },
  });
}

/** Rejects with `late` if the work is not done before the deadline, by performance.now(). */
export async function before<T>(deadline: number, work: Promise<T>, late: () => OrreryError): Promise<T> {
  const outcome = await soon(work, deadline - performance.now());
  if (outcome) return outcome.value;
  throw late();
}

/** What the work gives, or undefined when it has not by then. It goes on. */
export async function soon<T>(work: Promise<T>, ms: number): Promise<{ readonly value: T } | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.max(1, ms), undefined);
  });
  try {
    return await Promise.race([work.then((value) => ({ value })), late]);
  } finally {
    clearTimeout(timer);
  }
}
