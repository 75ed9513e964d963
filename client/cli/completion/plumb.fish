# fish completion for plumb; asks the program itself.
function __plumb_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    $words[1] __complete $words[2..-1] "$current" 2>/dev/null
end
complete -c plumb -a '(__plumb_complete)'
