# dvm: summary: rootless containers with Podman
# dvm: as: root

dvm_packages podman shadow-utils/uidmap slirp4netns fuse-overlayfs crun catatonit
# What networks of containers and newer versions use; older releases are without.
dvm_packages_there_are passt netavark aardvark-dns
if ! grep -q "^$DVM_USER:" /etc/subuid || ! grep -q "^$DVM_USER:" /etc/subgid; then
    dvm_fail "$DVM_USER has no subordinate user and group ids, which containers without root need" \
        "dvm sync gives them when it makes the account; add a line for $DVM_USER to /etc/subuid and /etc/subgid"
fi
dvm_user_bus
