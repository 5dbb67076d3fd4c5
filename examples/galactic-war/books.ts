// The books of a galaxy: totals over all its systems and fleets, kept in step with every movement of stock. They make
// it possible to check after each command, at no cost, that nothing came from nowhere and nothing was lost on the way.

import { addTo, type Stock, stockOf, takeFrom } from './stock.ts';

export interface Books {
  /** Given to players: starting stocks and what comets leave. */
  granted: Stock;
  /** Made by structures, as far as there was room for it. */
  produced: Stock;
  /** Paid for structures and colony ships. */
  spent: Stock;
  /** Brought by fleets to systems that had no room. */
  spilled: Stock;
  /** In the systems, as of when each was last brought up to date. */
  held: Stock;
  /** In fleets under way. */
  travelling: Stock;
  /** What all owned systems together can hold. */
  capacity: Stock;
}

export function openBooks(): Books {
  return {
    granted: stockOf(),
    produced: stockOf(),
    spent: stockOf(),
    spilled: stockOf(),
    held: stockOf(),
    travelling: stockOf(),
    capacity: stockOf(),
  };
}

export function bookProduced(books: Books, made: Readonly<Stock>): void {
  addTo(books.produced, made);
  addTo(books.held, made);
}

export function bookGranted(books: Books, gift: Readonly<Stock>): void {
  addTo(books.granted, gift);
  addTo(books.held, gift);
}

export function bookSpent(books: Books, price: Readonly<Stock>): void {
  takeFrom(books.held, price);
  addTo(books.spent, price);
}

export function bookLoaded(books: Books, cargo: Readonly<Stock>): void {
  takeFrom(books.held, cargo);
  addTo(books.travelling, cargo);
}

export function bookUnloaded(books: Books, stored: Readonly<Stock>, spilled: Readonly<Stock>): void {
  takeFrom(books.travelling, stored);
  takeFrom(books.travelling, spilled);
  addTo(books.held, stored);
  addTo(books.spilled, spilled);
}

export function bookCapacity(books: Books, added: Readonly<Stock>): void {
  addTo(books.capacity, added);
}
