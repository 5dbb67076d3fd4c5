// Methods of arrays that a draft of a list has in a way of its own: the built-in ones work too, but step by step
// through the proxy, and would draft every element. Before it: plain-draft.ts, which hands them out. Each does what the
// built-in one does.

import { Drafted } from '../patch/drafted.ts';
import { isProxy } from '../patch/plain.ts';
import type { PlainDraft } from './plain-draft.ts';

type Method = (this: unknown, ...args: never[]) => unknown;

const { prototype } = Array;

/** The own way of a built-in method; undefined where there is none, or where a program has put another in its place. */
export function methodOfLists(method: unknown): Method | undefined {
  return OWN.get(method as Method);
}

function listBehind(value: unknown): PlainDraft | undefined {
  if (typeof value !== 'object' || value === null || !isProxy(value)) return undefined;
  const drafted = Drafted.of(value) as PlainDraft | undefined;
  return drafted?.isList ? drafted : undefined;
}

/** Moves elements without opening them. What the list gives away is opened. */
function moving(method: Method, give: (list: PlainDraft, result: unknown, proxy: object) => unknown): Method {
  return function moved(this: unknown, ...args: never[]): unknown {
    const list = listBehind(this);
    const elements = list?.elementsToMove();
    if (!list || !elements) return method.apply(this, args);
    return give(list, method.apply(elements, args), list.proxy);
  };
}

/** Looks for an element by identity. */
function searching(method: Method): Method {
  return function searched(this: unknown, ...args: never[]): unknown {
    return method.apply(listBehind(this)?.elements() ?? this, args);
  };
}

type Callback = (this: unknown, element: unknown, index: number, list: unknown) => unknown;
type Walk = (each: Callback) => unknown;

/** Calls back for elements, which are opened one by one, as the built-in method comes to them. */
function calling(method: Method, result: (walk: Walk, ask: Callback) => unknown = (walk, ask) => walk(ask)): Method {
  return function called(this: unknown, ...args: unknown[]): unknown {
    const list = listBehind(this);
    const [callback, self] = args as [Callback, unknown];
    if (!list || typeof callback !== 'function') return method.apply(this, args as never[]);
    const walk: Walk = (each) => {
      const wrapped = (element: unknown, index: number): unknown => each(list.at(index, element), index, list.proxy);
      return method.apply(list.elementsToOpen(), [wrapped] as never[]);
    };
    return result(walk, (element, index, proxy) => callback.call(self, element, index, proxy));
  };
}

/** The element that a walk ends at. */
function theFound(walk: Walk, ask: Callback): unknown {
  let found: unknown;
  walk((element, index, list) => {
    if (!ask(element, index, list)) return false;
    found = element;
    return true;
  });
  return found;
}

/** The elements for which a walk says yes. */
function theAccepted(walk: Walk, ask: Callback): unknown[] {
  const accepted: unknown[] = [];
  walk((element, index, list) => {
    if (ask(element, index, list)) accepted.push(element);
    return false;
  });
  return accepted;
}

/** With a first value: without one, the built-in way. */
function reducing(method: Method): Method {
  return function reduced(this: unknown, ...args: unknown[]): unknown {
    const list = listBehind(this);
    const [callback, first] = args as [(...args: unknown[]) => unknown, unknown];
    if (!list || args.length < 2 || typeof callback !== 'function') return method.apply(this, args as never[]);
    const wrapped = (result: unknown, element: unknown, index: number): unknown =>
      callback(result, list.at(index, element), index, list.proxy);
    return method.apply(list.elementsToOpen(), [wrapped, first] as never[]);
  };
}

/** The comparison is given opened elements; the built-in method puts them in order. */
function sort(this: unknown, ...args: never[]): unknown {
  const list = listBehind(this);
  const elements = list?.elementsToMove();
  const builtIn: Method = prototype.sort as Method;
  if (!list || !elements) return builtIn.apply(this, args);
  for (let index = 0; index < elements.length; index += 1) list.at(index, elements[index]);
  builtIn.apply(elements, args);
  return list.proxy;
}

const asItIs = (_list: PlainDraft, result: unknown): unknown => result;
const opened = (list: PlainDraft, result: unknown): unknown => list.given(result);
const allOpened = (list: PlainDraft, result: unknown): unknown =>
  (result as unknown[]).map((element) => list.given(element));
const theList = (_list: PlainDraft, _result: unknown, proxy: object): unknown => proxy;

const OWN: ReadonlyMap<Method, Method> = new Map<Method, Method>([
  [prototype.push, moving(prototype.push, asItIs)],
  [prototype.unshift, moving(prototype.unshift, asItIs)],
  [prototype.pop, moving(prototype.pop, opened)],
  [prototype.shift, moving(prototype.shift, opened)],
  [prototype.splice as Method, moving(prototype.splice as Method, allOpened)],
  [prototype.reverse, moving(prototype.reverse, theList)],
  [prototype.sort as Method, sort],
  [prototype.forEach as Method, calling(prototype.forEach as Method)],
  [prototype.map as Method, calling(prototype.map as Method)],
  [prototype.flatMap as Method, calling(prototype.flatMap as Method)],
  [prototype.some as Method, calling(prototype.some as Method)],
  [prototype.every as Method, calling(prototype.every as Method)],
  [prototype.findIndex as Method, calling(prototype.findIndex as Method)],
  [prototype.findLastIndex as Method, calling(prototype.findLastIndex as Method)],
  [prototype.find as Method, calling(prototype.find as Method, theFound)],
  [prototype.findLast as Method, calling(prototype.findLast as Method, theFound)],
  [prototype.filter as Method, calling(prototype.filter as Method, theAccepted)],
  [prototype.reduce as Method, reducing(prototype.reduce as Method)],
  [prototype.reduceRight as Method, reducing(prototype.reduceRight as Method)],
  [prototype.indexOf as Method, searching(prototype.indexOf as Method)],
  [prototype.lastIndexOf as Method, searching(prototype.lastIndexOf as Method)],
  [prototype.includes as Method, searching(prototype.includes as Method)],
]);
