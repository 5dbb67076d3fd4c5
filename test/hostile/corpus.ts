// Records and rows that Orrery never wrote: what somebody could put into a journal or an image whose checksums are right.

const many = (count: number, text: string): string => text.repeat(count);

/** Values that no state may hold, as JSON text. */
export const VALUES: { readonly [name: string]: string } = {
  'an own __proto__': '{"__proto__":{"polluted":true}}',
  'a __proto__ further in': '{"a":[{"b":{"__proto__":{"polluted":true}}}]}',
  'an escaped __proto__': '{"\\u005f_proto__":{"polluted":true}}',
  'a constructor': '{"constructor":{"prototype":{"polluted":true}}}',
  'a prototype': '{"prototype":{"polluted":true}}',
  'a lone surrogate': '"\\ud800"',
  'a key with one': '{"\\udfff":1}',
  'more than a double': '1e999',
  'minus zero': '-0',
  'lists 65 deep': `${many(65, '[')}${many(65, ']')}`,
  'objects 65 deep': `${many(65, '{"a":')}1${many(65, '}')}`,
  'lists 200,000 deep': `${many(200_000, '[')}${many(200_000, ']')}`,
  'objects 200,000 deep': `${many(200_000, '{"a":')}1${many(200_000, '}')}`,
};

/** Lists of patches on {"n":0,"log":[]} that must not apply. */
export const PATCHES: { readonly [name: string]: string } = {
  'no list': '{"0":["=",["n"],1]}',
  'a way over __proto__': '[["+",["__proto__","polluted"],true]]',
  'a way over constructor': '[["=",["constructor","prototype","polluted"],true]]',
  'a way over what is inherited': '[["+",["toString","polluted"],true]]',
  'an add of __proto__': '[["+",["__proto__"],{"polluted":true}]]',
  'the length of a list': '[["=",["log","length"],4294967295]]',
  'an index far behind the end': '[["+",["log",4294967294],1]]',
  'an index that is a text': '[["+",["log","0"],1]]',
  'an index that is no whole number': '[["+",["log",0.5],1]]',
  'an index below nothing': '[["+",["log",-1],1]]',
  'an index beyond every number': '[["+",["log",1e999],1]]',
  'a path that is a text': '[["=","/n",1]]',
  'a path that is an object': '[["=",{"length":1,"0":"n"},1]]',
  'a path 65 long': `[["+",[${many(64, '"n",')}"n"],1]]`,
  'a path 200,000 long': `[["+",[${many(199_999, '0,')}0],1]]`,
  'a path of nulls': '[["+",[null,null],1]]',
  'a path of lists': '[["+",[["n"]],1]]',
  'the whole removed': '[["-",[]]]',
  'a key that is not there': '[["=",["missing"],1]]',
  'an operation there is not': '[["move",["n"],["log"]]]',
  'no value': '[["=",["n"]]]',
  'two values': '[["=",["n"],1,2]]',
  'a patch that is null': '[null]',
  'patches 200,000 deep': `${many(200_000, '[')}${many(200_000, ']')}`,
  ...Object.fromEntries(Object.entries(VALUES).map(([name, json]) => [name, `[["=",["n"],${json}]]`])),
};

/** Lines of a journal that are no records, or no records of this shard. `%` stands for patches. */
export const LINES: { readonly [name: string]: string } = {
  'no JSON': '{"g":"a","s":1,',
  nothing: '',
  null: 'null',
  'a list': '[]',
  'a text': '"a"',
  'no game': '{"s":1,"k":0,"t":0,"c":"x","d":[]}',
  'an empty game': '{"g":"","s":1,"k":0,"t":0,"c":"x","d":[]}',
  'a game that is a list': '{"g":["a"],"s":1,"k":0,"t":0,"c":"x","d":[]}',
  'a game that nobody created': '{"g":"nobody","s":1,"k":0,"t":0,"c":"x","d":[]}',
  'a game called __proto__': '{"g":"__proto__","s":1,"k":0,"t":0,"c":"x","d":[]}',
  'a record that is a prototype': '{"__proto__":{"g":"a","s":1,"k":0,"t":0,"c":"x","d":[]}}',
  'a seq that is a text': '{"g":"a","s":"1","k":0,"t":0,"c":"x","d":[]}',
  'a seq below nothing': '{"g":"a","s":-1,"k":0,"t":0,"c":"x","d":[]}',
  'a seq beyond counting': '{"g":"a","s":9007199254740993,"k":0,"t":0,"c":"x","d":[]}',
  'a seq with a gap': '{"g":"a","s":9,"k":0,"t":0,"c":"x","d":[]}',
  'a tick that is null': '{"g":"a","s":1,"k":null,"t":0,"c":"x","d":[]}',
  'a time that is a text': '{"g":"a","s":1,"k":0,"t":"now","c":"x","d":[]}',
  'a time beyond every number': '{"g":"a","s":1,"k":0,"t":1e999,"c":"x","d":[]}',
  'a command that is an object': '{"g":"a","s":1,"k":0,"t":0,"c":{"toString":1},"d":[]}',
  'tables that are no texts': '{"g":"a","s":1,"k":0,"t":0,"c":"x","b":[{}],"d":[]}',
  'a game created twice': '{"g":"a","s":0,"k":0,"t":0,"c":"@create","y":"counter","v":1,"d":[["=",[],{}]]}',
  'a creation without a state': '{"g":"new","s":0,"k":0,"t":0,"c":"@create","y":"counter","v":1,"d":[]}',
  'a creation of a part': '{"g":"new","s":0,"k":0,"t":0,"c":"@create","y":"counter","v":1,"d":[["=",["n"],1]]}',
  'a creation without a type': '{"g":"new","s":0,"k":0,"t":0,"c":"@create","d":[["=",[],{}]]}',
  'a record 200,000 deep': `${many(200_000, '{"a":')}1${many(200_000, '}')}`,
  'arguments 200,000 deep': `{"g":"a","s":1,"k":0,"t":0,"c":"x","a":${many(200_000, '[')}${many(200_000, ']')},"d":[]}`,
};
