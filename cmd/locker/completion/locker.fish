# fish completion for locker: put this file into ~/.config/fish/completions
function __locker_candidates
    set -l words (commandline -opc) (commandline -ct)
    $words[1] completion -- $words[2..-1] 2>/dev/null
end
complete -c locker -f -n 'test -n "$(__locker_candidates)"' -a '(__locker_candidates)'
