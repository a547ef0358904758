# dvm: summary: delta, a pager for diffs; `git config core.pager delta` turns it on
# dvm: as: root
# dvm: vars: DVM_GIT_DELTA_VERSION DVM_GIT_DELTA_SHA256?

dvm_pin git-delta 0.18.2 github:dandavison/delta@VERSION
dvm_pin_file x86_64 - delta-VERSION-x86_64-unknown-linux-gnu.tar.gz
dvm_pin_file aarch64 - delta-VERSION-aarch64-unknown-linux-gnu.tar.gz
dvm_package_or_pinned git-delta delta
