# dvm: summary: Node.js and npm of the distribution; corepack where DVM_COREPACK_VERSION asks for it
# dvm: as: root
# dvm: vars: DVM_COREPACK_VERSION DVM_COREPACK_SHA256

dvm_packages nodejs nodejs-npm/npm
if [ -n "${DVM_COREPACK_VERSION:-}" ]; then
    dvm_pin corepack 0.36.0 npm:corepack
    dvm_pin_file any - corepack-VERSION.tgz
    # It has no dependencies, and npm links it without running anything of it.
    if ! dvm_pin_is_there corepack; then
        dvm_pin_check
        dvm_scratch
        directory=$dvm_new
        dvm_fetch_pinned "$directory"
        npm install --global --prefix /usr/local --ignore-scripts --offline --no-audit --no-fund "$dvm_fetched" </dev/null
        dvm_pin_note
        corepack enable --install-directory /usr/local/bin
    fi
fi
