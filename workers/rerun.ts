// A thread that runs recorded commands again, as thin as can be: src/history/rerun/section-task.ts is what runs.

import { type SectionReply, SectionRunner, type SectionTask } from '../src/history/rerun/section-task.ts';
import { openSource } from '../src/history-source.ts';

const runner = new SectionRunner(openSource);

export default function rerun(task: SectionTask): Promise<SectionReply> {
  return runner.verify(task);
}
