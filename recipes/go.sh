# dvm: summary: the Go toolchain of the distribution
# dvm: as: root

dvm_packages golang/golang-go
