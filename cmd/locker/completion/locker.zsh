#compdef locker
# zsh completion for locker: put this file as _locker into a folder of $fpath,
# or source it after compinit.
_locker() {
	local line
	local -a found open
	while IFS= read -r line; do
		local word=${line%%$'\t'*} about=
		[[ $line == *$'\t'* ]] && about=${line#*$'\t'}
		if [[ $word == *= ]]; then
			open+=("$word")
		else
			found+=("${word//:/\\:}${about:+:$about}")
		fi
	done < <("${words[1]}" completion -- "${(@)words[2,CURRENT]}" 2>/dev/null)
	if (( ${#found} + ${#open} == 0 )); then
		_files
		return
	fi
	(( ${#found} )) && _describe -V locker found
	(( ${#open} )) && compadd -Q -S '' -- "${open[@]}"
	return 0
}
if [[ $funcstack[1] == _locker ]]; then
	_locker "$@"
else
	compdef _locker locker
fi
