// A stretch of a game's past as a file that Redux DevTools imports. Before it: `orrery log --format redux-devtools`;
// after it: the "Import" button of the extension.
//
// Import takes two forms. `{payload, preloadedState}`, which its own export writes, holds actions alone: the states
// appear only in a page whose reducer can make them again. This file is the other form, the lifted state, which also
// holds the state after every action. A connection that was made with `features: {import: true}` shows it as it stands,
// on any page; a page with a store of its own computes the states again, and for that every action carries its change
// as RFC 6902 patches, which a reducer of one line applies. Nothing in the game's own code is needed for either.

import { OrreryError } from '../../core/errors.ts';
import type { Json, Patch } from '../../core/patch/patch.ts';
import { parsePointer, resolvePointer, toJsonPatch } from '../../core/patch/pointer.ts';
import { compactJson, counted, isoTime } from '../../core/printable.ts';
import type { HistoryReader, PastStep, StateAt, StepRange } from '../../storage/history-reader.ts';
import { Playhead } from './playhead.ts';

/** Steps in a file unless --limit says otherwise: the extension itself keeps 50 actions by default. */
export const DEFAULT_STEPS = 500;

/** A browser reads the file into one string and parses it whole; V8 has no strings beyond 512 MiB. */
const MAX_BYTES = 256 * 1024 * 1024;

/** The extension's parser takes an object with this key for one of its own. */
const RESERVED_KEY = '"$jsan":';

export interface ReduxOptions {
  readonly range: StepRange;
  /** The newest so many steps of the range. Default: 500, or as many as a browser can import. */
  readonly limit?: number;
  /** Only what stands at this pointer, which is null where nothing does. */
  readonly path: string;
  /** What the states may come to. Default: 256 MiB. */
  readonly maxBytes?: number;
}

export interface ReduxReport {
  readonly steps: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Whether 500 would have been too many. */
  readonly isCut: boolean;
}

/**
 * Writes the file piece by piece: neither the states nor the actions are held together. Nothing is written before the
 * range and the size have been looked at.
 */
export async function writeReduxDevtools(
  past: HistoryReader,
  options: ReduxOptions,
  write: (text: string) => Promise<void>,
): Promise<ReduxReport> {
  const { path } = options;
  const place: StatePath = { path, tokens: parsePointer(path) };
  const { id } = past.row;
  const { span, start, before, isCut } = await beginning(past, options);
  const init = { type: '@@INIT', game: id, seq: start.seq, tick: start.tick, time: isoTime(start.time), path };
  await write(`{"monitorState":{},"actionsById":{"0":${performed(init, start.time)}`);
  let count = 0;
  const playhead = new Playhead(start);
  for await (const step of stepsOf(past, span)) {
    playhead.skip(step.patches);
    count += 1;
    await write(`,"${count}":${performed(actionOf(step, place, playhead.state), step.time)}`);
  }
  const ids = JSON.stringify(Array.from({ length: count + 1 }, (_, index) => index));
  await write(
    `},"nextActionId":${count + 1},"stagedActionIds":${ids},"skippedActionIds":[],"committedState":${before}`,
  );
  await write(`,"currentStateIndex":${count},"isLocked":false,"isPaused":false,"computedStates":[{"state":${before}}`);
  const states = new Playhead(await past.stateAt({ seq: start.seq }));
  for await (const step of stepsOf(past, span)) {
    states.skip(step.patches);
    await write(`,{"state":${json(at(states.shownAt(path), path))}}`);
  }
  await write(']}\n');
  return { steps: count, firstSeq: span?.firstSeq ?? start.seq, lastSeq: span?.lastSeq ?? start.seq, isCut };
}

interface Beginning {
  readonly span: Span | undefined;
  readonly start: StateAt;
  /** The state at the start, as JSON. */
  readonly before: string;
  readonly isCut: boolean;
}

/** Where to begin, so that the file is one that a browser imports; throws INVALID_OPTION when more was asked for. */
async function beginning(
  past: HistoryReader,
  { range, path, limit: asked, maxBytes = MAX_BYTES }: ReduxOptions,
): Promise<Beginning> {
  let limit = asked ?? DEFAULT_STEPS;
  for (;;) {
    const span = await newest(past, range, limit);
    const start = await past.stateAt({ seq: span ? span.firstSeq - 1 : past.row.seq });
    const before = json(at(start.state, path));
    const stateBytes = Buffer.byteLength(before);
    const fitting = Math.floor(maxBytes / stateBytes) - 2;
    const steps = span?.steps ?? 0;
    if (steps <= Math.max(0, fitting)) return { span, start, before, isCut: limit < (asked ?? DEFAULT_STEPS) };
    if (asked !== undefined || fitting < 1) throw tooLarge(past.row.id, steps, stateBytes, fitting);
    limit = fitting;
  }
}

interface StatePath {
  readonly path: string;
  readonly tokens: readonly string[];
}

interface Span {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly steps: number;
}

/** The newest `limit` steps, without a gap: between steps that were left out the patches would lead nowhere. */
async function newest(past: HistoryReader, range: StepRange, limit: number): Promise<Span | undefined> {
  let span: Span | undefined;
  for await (const { firstSeq, lastSeq } of past.steps({ ...range, backwards: true })) {
    // The state before the first step has to be there.
    if (firstSeq - 1 < past.row.firstSeq) break;
    if (span && lastSeq !== span.firstSeq - 1) break;
    span = { firstSeq, lastSeq: span?.lastSeq ?? lastSeq, steps: (span?.steps ?? 0) + 1 };
    if (span.steps === limit) break;
  }
  return span;
}

async function* stepsOf(past: HistoryReader, span: Span | undefined): AsyncGenerator<PastStep, void, undefined> {
  if (span) yield* past.steps({ fromSeq: span.firstSeq, toSeq: span.lastSeq });
}

/** What DevTools shows of an action is its type; the rest is in its inspector. */
function actionOf({ firstSeq, lastSeq, tick, commands, patches }: PastStep, place: StatePath, after: Json): object {
  const [first, ...more] = commands;
  const moment = { seq: lastSeq, ...(firstSeq === lastSeq ? {} : { firstSeq }), tick };
  const changes = { patches: toJsonPatch(narrowed(patches, place, after)) };
  if (!first) return { type: '(commands are not kept)', ...moment, ...changes };
  if (more.length === 0) {
    const { name, player, args } = first;
    return { type: name, ...moment, player: player ?? null, args: args ?? null, ...changes };
  }
  const told = commands.map(({ seq, name, player, args }) => ({
    seq,
    command: name,
    player: player ?? null,
    args: args ?? null,
  }));
  return { type: namesOf(commands.map(({ name }) => name)), ...moment, commands: told, ...changes };
}

/** `goal × 2, @tick`: each name once, in the order in which they came first. */
function namesOf(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} × ${count}`)).join(', ');
}

/**
 * What the patches do to the value at a place: themselves, where all of them are inside it, or one that sets it anew.
 */
function narrowed(patches: readonly Patch[], { path, tokens }: StatePath, after: Json): readonly Patch[] {
  if (tokens.length === 0) return patches;
  const inside: Patch[] = [];
  for (const patch of patches) {
    const here = tokens.every((token, index) => index >= patch.path.length || String(patch.path[index]) === token);
    if (here && patch.path.length > tokens.length) {
      inside.push({ ...patch, path: patch.path.slice(tokens.length) });
    } else if (here || movesElements(patch, tokens)) {
      return [{ op: 'replace', path: [], value: at(after, path) }];
    }
  }
  return inside;
}

/** Whether it inserts or removes elements of a list that the place leads through. */
function movesElements({ op, path }: Patch, tokens: readonly string[]): boolean {
  const last = path.length - 1;
  if (op === 'replace' || last >= tokens.length || typeof path[last] !== 'number') return false;
  return path.every((segment, index) => index === last || String(segment) === tokens[index]);
}

function at(state: Json, path: string): Json {
  return resolvePointer(state, path) ?? null;
}

function performed(action: object, timestamp: number): string {
  return json({ type: 'PERFORM_ACTION', action, timestamp });
}

function json(value: unknown): string {
  const text = compactJson(value);
  if (!text.includes(RESERVED_KEY)) return text;
  throw new OrreryError({
    code: 'INVALID_OPTION',
    what: 'Redux DevTools would take the key "$jsan" of this state for one of its own',
    hint: 'Export a part of the state without it, with --path, or use --json.',
  });
}

function tooLarge(game: string, steps: number, stateBytes: number, fitting: number): OrreryError {
  const limit = fitting < 1 ? '' : `Use --limit ${fitting}, or `;
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: `${counted(steps, 'step')} with a state of ${stateBytes} bytes each are more than a browser imports`,
    hint: `${limit === '' ? 'Use ' : limit}--path for a part of the state.`,
    context: { game },
  });
}
