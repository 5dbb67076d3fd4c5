// What the parent remembers: what each child was read to have accepted and acknowledged, and what the next one found.
// The parent keeps it because it is the one who is not killed.

import type { Acknowledgement } from './messages.ts';

/** Orders that one child has acknowledged: those with afterSeq < seq <= upToSeq have this checksum. */
export interface Promised {
  readonly afterSeq: number;
  readonly upToSeq: number;
  readonly checksum: number;
}

/** What became of a number of commands in one crash. */
export interface Crash {
  /** Acknowledged before it, by whichever child. */
  readonly acknowledged: number;
  readonly recovered: number;
  /** Acknowledged, or recovered once before, and not there any more. */
  readonly lost: number;
  /** Accepted and not acknowledged when the child was killed, as far as it had said or the next one found. */
  readonly underWay: number;
  /** Of those, how many were recovered all the same. */
  readonly survived: number;
}

export interface GalaxyAccount {
  /** Commands whose receipts were acknowledged, over all children. */
  readonly acknowledged: number;
  readonly lost: number;
  readonly promised: readonly Promised[];
}

interface Account {
  /** What the child that is playing began with. */
  base: number;
  accepted: number;
  acknowledged: Acknowledgement;
  acknowledgedBefore: number;
  lost: number;
  readonly promised: Promised[];
}

export class Ledger {
  readonly #accounts: readonly Account[];

  constructor(galaxies: number) {
    this.#accounts = Array.from({ length: galaxies }, () => ({
      base: 0,
      accepted: 0,
      acknowledged: { seq: 0, checksum: 0 },
      acknowledgedBefore: 0,
      lost: 0,
      promised: [],
    }));
  }

  accept(seqs: readonly number[]): void {
    for (const [index, account] of this.#accounts.entries()) {
      account.accepted = Math.max(account.accepted, seqs[index] ?? 0);
    }
  }

  acknowledge(galaxies: readonly Acknowledgement[]): void {
    for (const [index, account] of this.#accounts.entries()) {
      const acknowledgement = galaxies[index];
      if (acknowledgement && acknowledgement.seq > account.acknowledged.seq) account.acknowledged = acknowledgement;
    }
  }

  /** Commands accepted and not acknowledged, as far as the child has said. */
  get underWay(): number {
    return sum(this.#accounts, ({ accepted, acknowledged }) => Math.max(0, accepted - acknowledged.seq));
  }

  get accepted(): number {
    return sum(this.#accounts, ({ accepted, acknowledged }) => Math.max(accepted, acknowledged.seq));
  }

  /** As far as the parent was told: acknowledged, or found by a child that recovered. */
  get durable(): number {
    return sum(this.#accounts, ({ acknowledged }) => acknowledged.seq);
  }

  /** A directory was opened again, with these seqs: settles what was promised before, and begins anew from here. */
  recover(seqs: readonly number[]): Crash {
    const crash = { acknowledged: 0, recovered: 0, lost: 0, underWay: 0, survived: 0 };
    for (const [index, account] of this.#accounts.entries()) {
      const recovered = seqs[index] ?? 0;
      const { accepted, acknowledged, base } = account;
      const lost = Math.max(0, acknowledged.seq - recovered);
      crash.acknowledged += acknowledged.seq;
      crash.recovered += recovered;
      crash.lost += lost;
      crash.underWay += Math.max(0, Math.max(accepted, recovered) - acknowledged.seq);
      crash.survived += Math.max(0, recovered - acknowledged.seq);
      account.lost += lost;
      account.acknowledgedBefore += acknowledged.seq - base;
      if (acknowledged.seq > base) {
        account.promised.push({ afterSeq: base, upToSeq: acknowledged.seq, checksum: acknowledged.checksum });
      }
      account.base = recovered;
      account.accepted = recovered;
      account.acknowledged = { seq: recovered, checksum: 0 };
    }
    return crash;
  }

  /** Call after the last `recover`. */
  galaxy(index: number): GalaxyAccount {
    const { acknowledgedBefore, lost, promised } = this.#accounts[index] as Account;
    return { acknowledged: acknowledgedBefore, lost, promised };
  }
}

function sum(accounts: readonly Account[], of: (account: Account) => number): number {
  return accounts.reduce((total, account) => total + of(account), 0);
}
