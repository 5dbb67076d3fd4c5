// How the pages of a database tell SQLite that one cannot be read or written. sql.js lets a call of SQLite fail when an
// error with this name is thrown; any other goes through SQLite like a bullet, and leaves the database in mid-flight.

/**
 * EBADF, as the C library of sql.js numbers it: SQLite answers with a disk I/O error. Of EIO it would say that the
 * database is malformed.
 */
const EBADF = 8;

/** What is asked of any object, by `await` and JSON.stringify. */
const OF_ANY: ReadonlySet<unknown> = new Set(['then', 'toJSON']);

/** Builds are minified, and each reads the number from a field of another name: whatever an error has not is it. */
export function ioFailure(cause: Error): Error {
  return new Proxy(new Error('a page could not be read or written', { cause }), {
    get(error, key) {
      if (key === 'name') return 'ErrnoError';
      return typeof key === 'symbol' || key in error || OF_ANY.has(key) ? Reflect.get(error, key) : EBADF;
    },
  });
}
