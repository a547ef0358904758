# dvm: summary: the GitHub Copilot CLI, root's, for the sandbox: dvm ai copilot
# dvm: as: root
# dvm: vars: DVM_COPILOT_VERSION DVM_COPILOT_SHA256!
# dvm: tools: copilot

dvm_pin copilot 1.0.102 github:github/copilot-cli@vVERSION
dvm_pin_file x86_64 - copilot-linux-x64.tar.gz
dvm_pin_file aarch64 - copilot-linux-arm64.tar.gz
dvm_install_tool copilot
