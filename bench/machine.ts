// Where a run was made. A figure without its machine says nothing.

import { cpus, loadavg, platform, release, totalmem } from 'node:os';

export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** Processes that wanted a core, averaged over the minute before the run. */
  readonly loadBefore: number;
}

export function thisMachine(): Machine {
  const processors = cpus();
  return {
    node: process.version,
    cpu: processors[0]?.model.trim() ?? 'unknown processor',
    cores: processors.length,
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    system: `${platform()} ${release()}`,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** Whether other work took a noticeable part of the machine when the run began. */
export function wasBusy(machine: Machine): boolean {
  return machine.loadBefore > machine.cores / 4;
}
