# dvm: summary: the terminal multiplexer tmux
# dvm: as: root

dvm_packages tmux
