# dvm: summary: the text search tool ripgrep (rg)
# dvm: as: root

dvm_packages ripgrep
