/**
 * The completions of the command as a script for bash, 3.2 and newer. Names of files are left to the shell, which knows
 * how to quote them.
 */
import {
  type CompletableCommand,
  type CompletableOption,
  type CompletableProgram,
  quoted,
  type Value,
} from './completable.js';

export function bashCompletions({ name, options, commands }: CompletableProgram): string {
  const commandNames = commands.map((command) => command.name);
  return `# Completions of ${name} for bash. Load them with: source <(${name} completions bash)
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command='' position=0 i
  # Bash makes three words of --option=value.
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command \${COMP_WORDS[i]}" in
      ${commands.flatMap((command) => optionsWithValue(command).map((option) => pattern(command, option))).join(' | ')})
        [[ \${COMP_WORDS[i + 1]} == '=' ]] && ((i++))
        ((i++))
        ;;
      *' -'*) ;;
      ' '*) command=\${COMP_WORDS[i]} ;;
      *) ((position++)) ;;
    esac
  done
  COMPREPLY=()
  case "$command $prev" in
${commands.flatMap((command) => optionsWithValue(command).map((one) => completeAfter(command, one))).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case $command in
${[{ name: '', options }, ...commands].map(completeOptions).join('\n')}
    esac
    return
  fi
  case "$command $position" in
    ' 0') ${completeWords(commandNames)} ;;
${commands.flatMap(completeArguments).join('\n')}
    *) ${completeNothing} ;;
  esac
}
complete -o default -F _${name} ${name}
`;
}

/** Without words of ours, bash would offer files. */
const completeNothing = 'compopt +o default 2> /dev/null';

function completeWords(words: readonly string[]): string {
  return `COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$cur"))`;
}

function complete(value: Value): string {
  switch (value.type) {
    case 'words':
      return completeWords(value.words);
    case 'file':
      return ':';
    case 'other':
      return completeNothing;
  }
}

function completeAfter(command: CompletableCommand, option: OptionWithValue): string {
  return `    ${pattern(command, option)}) ${complete(option.value)}; return ;;`;
}

/** The command and a name of the option. */
function pattern({ name }: CompletableCommand, { names }: OptionWithValue): string {
  return names.map((option) => quoted(`${name} ${option}`)).join(' | ');
}

function completeOptions({ name, options }: Pick<CompletableCommand, 'name' | 'options'>): string {
  return `      ${quoted(name)}) ${completeWords(options.flatMap((option) => option.names))} ;;`;
}

function completeArguments({ name, arguments: all }: CompletableCommand): string[] {
  return all.map(({ value, variadic }, i) => `    ${quoted(`${name} `)}${variadic ? '*' : i}) ${complete(value)} ;;`);
}

type OptionWithValue = CompletableOption & { readonly value: Value };

function optionsWithValue({ options }: CompletableCommand): OptionWithValue[] {
  return options.flatMap((option) => (option.value ? [{ ...option, value: option.value }] : []));
}
