# dvm: summary: git
# dvm: as: root

dvm_packages git
