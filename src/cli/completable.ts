/**
 * What can be completed on the command line, read from the tree of commands. So completions always match the commands.
 */
import type { Command } from 'commander';

/** What an option or an argument takes. The shell knows files; of anything else, it can only show the name. */
export type Value =
  | { readonly type: 'words'; readonly name: string; readonly words: readonly string[] }
  | { readonly type: 'file'; readonly name: string }
  | { readonly type: 'other'; readonly name: string };

export interface CompletableOption {
  /** Names as typed: `--out`, `-k`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Value that the option takes; undefined for a flag. */
  readonly value: Value | undefined;
}

export interface CompletableArgument {
  readonly value: Value;
  /** Whether all arguments that follow are of this kind. */
  readonly variadic: boolean;
}

export interface CompletableCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletableOption[];
  readonly arguments: readonly CompletableArgument[];
}

/** The program, and the commands in it. */
export interface CompletableProgram extends CompletableCommand {
  readonly commands: readonly CompletableCommand[];
}

/** Names that stand for a file in the tree of commands. */
const FILE_NAMES = new Set(['file', 'path', 'index', 'dir']);

export function completableOf(program: Command): CompletableProgram {
  const commands = program.createHelp().visibleCommands(program);
  const commandNames = commands.map((command) => command.name());
  const describe = (command: Command): CompletableCommand => ({
    name: command.name(),
    description: oneLine(command.summary() || command.description()),
    options: command
      .createHelp()
      .visibleOptions(command)
      .map(({ flags, short, long, description, argChoices }) => {
        const valueName = /<(.+)>/.exec(flags)?.[1];
        return {
          names: [short, long].filter((name) => name !== undefined),
          description: oneLine(description),
          value: valueName === undefined ? undefined : takenValue(valueName, argChoices),
        };
      }),
    arguments: command.registeredArguments.map((argument) => {
      // `help [command]` takes the name of any.
      const words = argument.name() === 'command' ? commandNames : argument.argChoices;
      return { value: takenValue(argument.name(), words), variadic: argument.variadic };
    }),
  });
  return { ...describe(program), commands: commands.map(describe) };
}

function takenValue(name: string, words: readonly string[] | undefined): Value {
  if (words) return { type: 'words', name, words };
  return { type: FILE_NAMES.has(name.toLowerCase()) ? 'file' : 'other', name };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** A text as one word of a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
