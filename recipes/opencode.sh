# dvm: summary: opencode, root's, for the sandbox: dvm ai opencode
# dvm: as: root
# dvm: vars: DVM_OPENCODE_VERSION DVM_OPENCODE_SHA256!
# dvm: tools: opencode

dvm_pin opencode 1.18.34 github:anomalyco/opencode@vVERSION
dvm_pin_file x86_64 - opencode-linux-x64.tar.gz
dvm_pin_file aarch64 - opencode-linux-arm64.tar.gz
dvm_install_tool opencode
