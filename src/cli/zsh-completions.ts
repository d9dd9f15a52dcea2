/**
 * The completions of the command as a function for zsh: to be sourced after compinit, or put into a folder of fpath.
 */
import {
  type CompletableArgument,
  type CompletableCommand,
  type CompletableOption,
  type CompletableProgram,
  quoted,
  type Value,
} from './completable.js';

export function zshCompletions({ name, options, commands }: CompletableProgram): string {
  return `#compdef ${name}
# Completions of ${name} for zsh. Load them, after compinit, with: source <(${name} completions zsh)
_${name}() {
  local curcontext=$curcontext state line ret=1
  local -a commands
  _arguments -C \\
${specifications([...options.flatMap(optionSpecifications), '1:command:->command', '*::argument:->arguments'])} && ret=0
  case $state in
    command)
      commands=(
${commands.map((command) => `        ${quoted(`${command.name}:${command.description}`)}`).join('\n')}
      )
      _describe command commands && ret=0
      ;;
    arguments)
      case $line[1] in
${commands.map(completeCommand).join('\n')}
      esac
      ;;
  esac
  return ret
}
if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

function completeCommand({ name, options, arguments: all }: CompletableCommand): string {
  const lines = [...options.flatMap(optionSpecifications), ...all.map(argumentSpecification)];
  return `        ${name})\n          _arguments \\\n${specifications(lines, '            ')} && ret=0\n          ;;`;
}

function specifications(lines: readonly string[], indent = '    '): string {
  return lines.map((line) => indent + quoted(line)).join(' \\\n');
}

/** One for each of its names. Any may come again: the tree of commands does not say which may not. */
function optionSpecifications({ names, description, value }: CompletableOption): string[] {
  return names.map((name) => {
    // `--name=` takes the value behind the sign or in the next word, `-n+` with or without a blank.
    const separator = value ? (name.startsWith('--') ? '=' : '+') : '';
    return `*${name}${separator}[${escaped(description)}]${value ? taking(value) : ''}`;
  });
}

function argumentSpecification({ value, variadic }: CompletableArgument): string {
  return `${variadic ? '*' : ''}${taking(value)}`;
}

/** Heading and completion of a value. A blank after the heading means that nothing is completed. */
function taking(value: Value): string {
  const heading = `:${escaped(value.name)}:`;
  switch (value.type) {
    case 'words':
      return `${heading}(${value.words.map(escaped).join(' ')})`;
    case 'file':
      return `${heading}_files`;
    case 'other':
      return `${heading} `;
  }
}

/** Escapes text within a specification. */
function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&');
}
