#compdef plumb
# zsh completion for plumb; asks the program itself.
_plumb() {
  local -a candidates described
  local line word description
  for line in "${(@f)$(${words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z "$line" ]] && continue
    word="${line%%$'\t'*}"
    description="${line#*$'\t'}"
    candidates+=("$word")
    [[ "$description" == "$line" ]] && described+=("$word") || described+=("$word  -- $description")
  done
  if (( ${#candidates} )); then
    compadd -l -d described -a candidates
  else
    _files
  fi
}
if [[ "${funcstack[1]}" == _plumb ]]; then _plumb "$@"; else compdef _plumb plumb; fi
