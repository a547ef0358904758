# dvm: summary: zsh, as the login shell of DVM_USER
# dvm: as: root

dvm_packages zsh shadow-utils/passwd
if [ "$(getent passwd "$DVM_USER" | cut -d : -f 7)" != /usr/bin/zsh ]; then
    usermod --shell /usr/bin/zsh "$DVM_USER"
    dvm_log "zsh is the login shell of $DVM_USER now"
fi
# Without one, zsh asks questions instead of starting.
# shellcheck disable=SC2016  # expanded by the user's shell
dvm_as_user sh -c '[ -e ~/.zshrc ] || echo "# Yours; see zsh(1)." >~/.zshrc'
