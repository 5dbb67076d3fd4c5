// For tests that say of some work that it does not take time by its square: what the processor did for this process counts, not
// the time that passed while others had the cores.

export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
