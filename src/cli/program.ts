/**
 * The tree of commands. What describes it (help, completions, docs/cli.md) is derived from it.
 */
import { Command } from 'commander';
import { addBenchCommand } from './bench-command.js';
import { addCompletionsCommand } from './completions-command.js';
import { addDistributeCommand } from './distribute-command.js';
import type { Interrupts } from './exit.js';
import { addIndexCommand } from './index-command.js';
import { addInfoCommand } from './info-command.js';
import { addMergeCommand } from './merge-command.js';
import { addPushCommand } from './push-command.js';
import { addSearchCommand } from './search-command.js';
import { addServeCommand } from './serve-command.js';
import { addWorkCommand } from './work-command.js';

/** Nothing is parsed yet. */
export function createProgram(version: string, interrupts: Pick<Interrupts, 'signal' | 'allow'>): Command {
  const interrupted = interrupts.signal;
  const program = new Command('simdex')
    .description('Index and search files of vectors, such as embeddings, on all processors')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(simdex --help shows what there is)')
    .addHelpText(
      'after',
      `
Examples:
  simdex index vectors.npy --out unit.npy
  simdex search index.safetensors --row 0
  simdex index --help

Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.`,
    );
  addIndexCommand(program, version, interrupted);
  addMergeCommand(program, interrupted);
  addDistributeCommand(program, interrupted);
  addWorkCommand(program, interrupts);
  addSearchCommand(program, interrupted);
  addServeCommand(program, interrupts);
  addPushCommand(program, interrupted);
  addInfoCommand(program);
  addBenchCommand(program, version, interrupted);
  addCompletionsCommand(program);
  return program;
}
