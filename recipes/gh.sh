# dvm: summary: the GitHub CLI (gh) of the distribution; signing in is yours: gh auth login
# dvm: as: root

dvm_packages gh
