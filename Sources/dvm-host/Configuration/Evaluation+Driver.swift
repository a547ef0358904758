extension Evaluation {
    /// Run by bash 3.2 or newer, with the number of files as `$1`, the names of recipes as `$2`, each with a blank before
    /// and after it, those of secrets as `$3`, and the files' texts on standard input, a NUL after each.
    ///
    /// The texts come this way because what was checked is what must run, and because arguments can be seen by
    /// everybody with `ps`. What the files print goes to standard error; the variables go to the real standard output.
    ///
    /// In 3.2, macOS's own, an empty array counts as unset under `set -u`; there are no `${x^^}`, `${x@a}`, `mapfile`,
    /// associative arrays and namerefs; `"${!DVM_@}"` is one word; and `source` reads here-strings but not pipes.
    static let driver = #"""
        # An endless loop outlives a dvm that was killed; not for long.
        ulimit -t 30 2>/dev/null
        for ((__dvm_file = 0; __dvm_file < $1; __dvm_file++)); do
          IFS= read -r -d '' "__dvm_texts[__dvm_file]"
        done
        __dvm_recipes=$2
        # Only those that files can have set.
        __dvm_secrets=
        for __dvm_name in $3; do
          [ -n "${!__dvm_name-}" ] || __dvm_secrets="$__dvm_secrets $__dvm_name"
        done
        exec 9>&1 1>&2 </dev/null
        set --

        # Says what is asked for and where; a name that is no recipe's ends the reading at once.
        use() {
          local __dvm_name
          if [ $# = 0 ]; then
            builtin printf 'use\0%s\0%s\0\0' "${BASH_SOURCE[1]}" "${BASH_LINENO[0]}" >&9
            builtin exit 1
          fi
          for __dvm_name in "$@"; do
            builtin printf 'use\0%s\0%s\0%s\0' "${BASH_SOURCE[1]}" "${BASH_LINENO[0]}" "$__dvm_name" >&9
            case $__dvm_recipes in
              *" $__dvm_name "*) DVM_RECIPES+=("$__dvm_name") ;;
              *) builtin exit 1 ;;
            esac
          done
        }

        # One `declare -p` for all: a process for each variable would take longer than everything else together.
        __dvm_dump() {
          local __dvm_name __dvm_value __dvm_line __dvm_arrays=' '
          while IFS= read -r __dvm_line; do
            case $__dvm_line in
              'declare -'*[aA]*' DVM_'*)
                __dvm_value=${__dvm_line#declare -}
                case ${__dvm_value%% *} in
                  *[aA]*)
                    __dvm_value=${__dvm_value#* }
                    __dvm_arrays="$__dvm_arrays${__dvm_value%%=*} "
                    ;;
                esac
                ;;
            esac
          done <<<"$(builtin declare -p ${!DVM_@} 2>/dev/null)"
          builtin printf 'stage\0' >&9
          for __dvm_name in ${!DVM_@}; do
            case $__dvm_arrays in
              *" $__dvm_name "*)
                builtin eval "__dvm_values=(\"\${${__dvm_name}[@]}\")"
                builtin printf 'list\0%s\0%s\0' "$__dvm_name" "${#__dvm_values[@]}" >&9
                for __dvm_value in "${__dvm_values[@]}"; do builtin printf '%s\0' "$__dvm_value" >&9; done
                ;;
              *) builtin printf 'text\0%s\0%s\0' "$__dvm_name" "${!__dvm_name}" >&9 ;;
            esac
          done
          # Not what they are: that they are there is wrong already.
          for __dvm_name in $__dvm_secrets; do
            [ -z "${!__dvm_name-}" ] || builtin printf 'text\0%s\0set\0' "$__dvm_name" >&9
          done
        }

        # A name that is no command is most likely a misspelt one: said, not passed over.
        __dvm_failed() {
          [ "$1" = 127 ] || return 0
          builtin printf 'unknown\0%s\0%s\0%s\0' "$2" "$3" "$4" >&9
        }
        __dvm_guard() {
          builtin trap '__dvm_failed $? "${BASH_SOURCE[0]-}" "$LINENO" "$BASH_COMMAND"' ERR
          # A test that fails may be a file's last line: under its `set -e` that would end this, too. When this runs, the
          # file is no source any more, but for one that it sources itself.
          builtin trap '[ -n "${BASH_SOURCE[0]-}" ] || builtin set +eu' RETURN
        }

        set -E
        for ((__dvm_file = 0; __dvm_file < ${#__dvm_texts[@]}; __dvm_file++)); do
          __dvm_guard
          case $__dvm_file in
            0) builtin source /dev/fd/3 3<<<"${__dvm_texts[0]}" ;;
            1) builtin source /dev/fd/4 4<<<"${__dvm_texts[1]}" ;;
          esac
          # One file's options and traps are not the next one's, nor ours.
          builtin trap - ERR EXIT DEBUG RETURN
          builtin set +euxvfn
          IFS=$' \t\n'
          __dvm_dump
        done
        builtin printf 'end\0' >&9
        """#
}
