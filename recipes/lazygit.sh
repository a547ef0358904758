# dvm: summary: lazygit, git in the terminal
# dvm: as: root
# dvm: vars: DVM_LAZYGIT_VERSION DVM_LAZYGIT_SHA256

dvm_pin lazygit 0.61.1 github:jesseduffield/lazygit@vVERSION
dvm_pin_file x86_64 1b91e660700f2332696726b635202576b543e2bc49b639830dccd26bc5160d5d lazygit_VERSION_linux_x86_64.tar.gz
dvm_pin_file aarch64 20b1abb2bee5dfd46173b9047353eb678bc51a23839e821958d0b1863ab1655e lazygit_VERSION_linux_arm64.tar.gz
dvm_package_or_pinned lazygit lazygit
