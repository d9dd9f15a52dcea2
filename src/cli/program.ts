/**
 * The tree of commands. What describes it (help, completions, docs/cli.md) is derived from it.
 */
import { Command } from 'commander';
import type { Interrupts } from './exit.js';

type CommandInterrupts = Pick<Interrupts, 'signal' | 'allow'>;
type Add = (program: Command, version: string, interrupts: CommandInterrupts) => void;

/** Each is loaded when it is needed: a command starts sooner without what only the others use. In the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  index: async () => {
    const { addIndexCommand } = await import('./index-command.js');
    return (program, version, { signal }) => addIndexCommand(program, version, signal);
  },
  merge: async () => {
    const { addMergeCommand } = await import('./merge-command.js');
    return (program, _, { signal }) => addMergeCommand(program, signal);
  },
  distribute: async () => {
    const { addDistributeCommand } = await import('./distribute-command.js');
    return (program, _, { signal }) => addDistributeCommand(program, signal);
  },
  work: async () => {
    const { addWorkCommand } = await import('./work-command.js');
    return (program, _, interrupts) => addWorkCommand(program, interrupts);
  },
  search: async () => {
    const { addSearchCommand } = await import('./search-command.js');
    return (program, _, { signal }) => addSearchCommand(program, signal);
  },
  serve: async () => {
    const { addServeCommand } = await import('./serve-command.js');
    return (program, _, interrupts) => addServeCommand(program, interrupts);
  },
  push: async () => {
    const { addPushCommand } = await import('./push-command.js');
    return (program, _, { signal }) => addPushCommand(program, signal);
  },
  info: async () => (await import('./info-command.js')).addInfoCommand,
  bench: async () => {
    const { addBenchCommand } = await import('./bench-command.js');
    return (program, version, { signal }) => addBenchCommand(program, version, signal);
  },
  completions: async () => (await import('./completions-command.js')).addCompletionsCommand,
};

/**
 * Nothing is parsed yet.
 *
 * @param only the one command that is to be there; all are, where there is none of this name
 */
export async function createProgram(version: string, interrupts: CommandInterrupts, only = ''): Promise<Command> {
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
  const names = isAlone(only) ? [only] : Object.keys(COMMANDS);
  const loaded = await Promise.all(names.map((name) => COMMANDS[name]!()));
  for (const add of loaded) add(program, version, interrupts);
  return program;
}

/** The completions are made from the whole tree. */
function isAlone(name: string): boolean {
  return Object.hasOwn(COMMANDS, name) && name !== 'completions';
}
