// A thread that runs recorded commands again, as thin as can be: src/history/rerun/section-task.ts is what runs.

import { type PieceReply, PieceRunner, type PieceTask } from '../src/history/rerun/section-task.ts';
import { openSource } from '../src/history-source.ts';

const runner = new PieceRunner(openSource);

export default function rerun(task: PieceTask): Promise<PieceReply> {
  return runner.run(task);
}
