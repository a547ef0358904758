# dvm: summary: your dotfiles from DVM_CHEZMOI_REPO, applied by chezmoi
# dvm: as: root
# dvm: vars: DVM_CHEZMOI_REPO! DVM_CHEZMOI_ROLE DVM_CHEZMOI_NAME DVM_CHEZMOI_EMAIL DVM_CHEZMOI_SIGNING_KEY DVM_CHEZMOI_DEPLOY_KEY DVM_CHEZMOI_CONFIG_TOML DVM_CHEZMOI_VERSION DVM_CHEZMOI_SHA256?

if [ -z "${DVM_CHEZMOI_REPO:-}" ]; then
    dvm_fail "chezmoi does not know where your dotfiles are" "set DVM_CHEZMOI_REPO to the address of their repository"
fi
case $DVM_CHEZMOI_REPO in -*) dvm_fail "DVM_CHEZMOI_REPO says “$DVM_CHEZMOI_REPO”" "write an address for git" ;; esac

dvm_pin chezmoi 2.66.1 github:twpayne/chezmoi@vVERSION
dvm_pin_file x86_64 - chezmoi_VERSION_linux_amd64.tar.gz
dvm_pin_file aarch64 - chezmoi_VERSION_linux_arm64.tar.gz
dvm_packages git openssh-clients/openssh-client
dvm_package_or_pinned chezmoi chezmoi

# toml TEXT: prints it as a string of TOML.
toml() {
    local text=${1//\\/\\\\}
    if [[ $text == *[[:cntrl:]]* ]]; then dvm_fail "a value for chezmoi has a control character in it"; fi
    printf '"%s"\n' "${text//\"/\\\"}"
}

config=${DVM_CHEZMOI_CONFIG_TOML:-}
if [ -z "$config" ]; then
    config='[data]'
    for pair in role="${DVM_CHEZMOI_ROLE:-}" name="${DVM_CHEZMOI_NAME:-}" email="${DVM_CHEZMOI_EMAIL:-}" \
        signingKey="${DVM_CHEZMOI_SIGNING_KEY:-"~/.ssh/id_ed25519_dvm_signing.pub"}" \
        deployKey="${DVM_CHEZMOI_DEPLOY_KEY:-"~/.ssh/id_ed25519_dvm.pub"}"; do
        value=$(toml "${pair#*=}")
        config+=$'\n'"${pair%%=*} = $value"
    done
fi
# Written by the user, at once or not at all.
printf '%s\n' "$config" | dvm_as_user sh -c '
    set -eu
    umask 077
    mkdir -p ~/.config/chezmoi
    cd ~/.config/chezmoi
    cat >.dvm.new
    if cmp -s .dvm.new chezmoi.toml; then rm .dvm.new; else mv .dvm.new chezmoi.toml; fi'

source=$(dvm_as_user chezmoi source-path </dev/null)
if dvm_as_user git -C "$source" rev-parse -q --verify HEAD >/dev/null 2>&1; then
    dvm_as_user chezmoi git -- pull -q --ff-only </dev/null
else
    # A clone that was killed leaves a repository without a commit or a file, in the way of the next one. Nothing else
    # that is there is dvm's to remove.
    # shellcheck disable=SC2016  # expanded by that shell
    dvm_as_user sh -c '[ ! -e "$1" ] || { [ -z "$(ls -A "$1" | grep -vx .git)" ] && rm -rf -- "$1"; }' sh "$source" \
        || dvm_fail "$source is there, and is not a clone of $DVM_CHEZMOI_REPO" "move it away, then run dvm sync again"
    dvm_as_user chezmoi init --no-tty -- "$DVM_CHEZMOI_REPO" </dev/null || dvm_fail \
        "your dotfiles could not be cloned from $DVM_CHEZMOI_REPO" \
        "git's own words are above; a private repository needs the VM's key as a deploy key"
fi
dvm_as_user chezmoi apply --no-tty </dev/null
