# dvm: summary: the prompt starship; your shell's own files turn it on
# dvm: as: root
# dvm: vars: DVM_STARSHIP_VERSION DVM_STARSHIP_SHA256

dvm_pin starship 1.25.1 github:starship/starship@vVERSION
dvm_pin_file x86_64 4488c11ca632327d1f1f16fb2f102c0646094c35479cd5435991385da43c61ac starship-x86_64-unknown-linux-gnu.tar.gz
dvm_pin_file aarch64 01517aab398959ea9ea73bdb4f032ea4dbb51dff5c8e5eb05b4a1b9b7ab872b8 starship-aarch64-unknown-linux-musl.tar.gz
dvm_package_or_pinned starship starship
