# What holds for every VM, read by dvm as Bash before the VM's own file, which wins.
# Lines that are commented out show what holds without them. After a change: dvm sync <vm>

# DVM_USER=developer               # whom you work as in the VMs
# DVM_MEMORY=4GiB
# DVM_TEMPLATE=fedora              # one of Lima's images: debian-12, ubuntu-24.04 …
# DVM_GIT_NAME='Ann Example'       # who your commits in the VMs are by
# DVM_GIT_EMAIL=ann@example.org

# What you like to have in more than one VM; a VM's file says use_tools, and can use more.
use_tools() {
    use zsh starship fzf ripgrep bat just tmux
}
