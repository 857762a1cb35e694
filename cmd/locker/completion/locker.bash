# bash completion for locker: source this file, or put it into
# ~/.local/share/bash-completion/completions/locker
_locker() {
	local line word
	COMPREPLY=()
	while IFS= read -r line; do
		word=${line%%$'\t'*}
		# bash replaces only what stands behind the last "=" or ":".
		if [[ ${COMP_WORDS[COMP_CWORD]} != "$word"* && $word == *=* && $COMP_WORDBREAKS == *=* && ${word%%=*} == --* ]]; then
			word=${word#*=}
		fi
		COMPREPLY+=("$word")
	done < <("${COMP_WORDS[0]}" completion -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -o bashdefault -o default -F _locker locker
