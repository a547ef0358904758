# dvm: summary: the editor Neovim (nvim)
# dvm: as: root

dvm_packages neovim
