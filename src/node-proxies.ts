// Which objects are proxies, as Node knows it: of all, whatever they pretend to be. Before it: core/patch/plain.ts, to
// which `#proxies` in package.json leads this file in Node and core/patch/proxies.ts elsewhere.

import { types } from 'node:util';

export const isProxy: (value: unknown) => boolean = types.isProxy;
