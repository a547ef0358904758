# dvm: summary: the terminal multiplexer zellij
# dvm: as: root
# dvm: vars: DVM_ZELLIJ_VERSION DVM_ZELLIJ_SHA256

dvm_pin zellij 0.44.2 github:zellij-org/zellij@vVERSION
dvm_pin_file x86_64 26e1753b4c8451912523c7d8700c5aed75392ea57f0b1c988560f3bbc7775744 zellij-x86_64-unknown-linux-musl.tar.gz
dvm_pin_file aarch64 e0b2ddbf050d58577b09b2a032a54f1a3fac0e214d1605c5969e8936340fff6b zellij-aarch64-unknown-linux-musl.tar.gz
dvm_package_or_pinned zellij zellij
