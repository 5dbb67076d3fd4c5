// A thread that runs recorded commands again, as thin as can be: src/history/rerun/section-task.ts is what runs, and is tested
// without a thread.

import { type PieceReply, type PieceTask, runPiece } from '../src/history/rerun/section-task.ts';

export default function rerun(task: PieceTask): Promise<PieceReply> {
  return runPiece(task);
}
