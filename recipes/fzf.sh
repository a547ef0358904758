# dvm: summary: the fuzzy finder fzf
# dvm: as: root

dvm_packages fzf
