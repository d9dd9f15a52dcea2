/**
 * `simdex completions`: prints the script that completes the command in a shell.
 */
import { Argument, type Command } from 'commander';
import { bashCompletions } from './bash-completions.js';
import { completableOf } from './completable.js';
import { zshCompletions } from './zsh-completions.js';

const scripts = { bash: bashCompletions, zsh: zshCompletions };

export function addCompletionsCommand(program: Command): void {
  program
    .command('completions')
    .summary('print a script for completions in bash or zsh')
    .description('Print a script that completes commands, options and files in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(scripts)))
    .showHelpAfterError('(simdex completions --help shows how to load them)')
    .addHelpText(
      'after',
      `
Examples:
  source <(simdex completions bash)    # in ~/.bashrc
  source <(simdex completions zsh)     # in ~/.zshrc, after compinit`,
    )
    .action((shell: keyof typeof scripts) => {
      process.stdout.write(scripts[shell](completableOf(program)));
    });
}
