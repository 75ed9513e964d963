# bash completion for plumb; asks the program itself.
_plumb() {
  local line="${COMP_LINE:0:COMP_POINT}" words cur strip candidate
  read -ra words <<<"$line"
  # An unfinished word after a space is empty.
  [[ "$line" == *[[:space:]] ]] && words+=("")
  cur="${words[-1]}"
  # bash cuts words at : @ and =, and wants only what follows the last cut.
  strip=""
  if [[ "$cur" == *[:@=]* ]]; then strip="${cur%"${cur##*[:@=]}"}"; fi
  COMPREPLY=()
  while IFS=$'\t' read -r candidate _; do
    [[ -n "$candidate" ]] && COMPREPLY+=("${candidate#"$strip"}")
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
  # A namespace or model name may go on with @ or :.
  if [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == */* ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o default -F _plumb plumb
