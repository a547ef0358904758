# dvm: summary: what other recipes and most work need: git, curl, wget, archivers, jq, ~/.local/bin
# dvm: as: root

dvm_packages git curl wget ca-certificates unzip tar gzip xz/xz-utils jq
dvm_as_user mkdir -p "$DVM_HOME/.local/bin" "$DVM_HOME/.config"
