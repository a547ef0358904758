# dvm: summary: the editor Helix (hx)
# dvm: as: root
# dvm: vars: DVM_HELIX_VERSION DVM_HELIX_SHA256?

dvm_pin helix 25.07.1 github:helix-editor/helix@VERSION
dvm_pin_file x86_64 - helix-VERSION-x86_64-linux.tar.xz
dvm_pin_file aarch64 - helix-VERSION-aarch64-linux.tar.xz
dvm_package_or_pinned helix/hx --tree hx
