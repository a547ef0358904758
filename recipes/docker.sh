# dvm: summary: Docker as DVM_USER, without root; DVM_DOCKER=rootful for a daemon of root's
# dvm: as: root
# dvm: vars: DVM_DOCKER

case ${DVM_DOCKER:-rootless} in
    rootless | rootful) ;;
    *) dvm_fail "DVM_DOCKER says “$DVM_DOCKER”" "write rootless or rootful" ;;
esac

# Debian has all of it. What Fedora and Ubuntu have cannot run without root, so there it is Docker's own.
script=/usr/bin/dockerd-rootless.sh
case $(dvm_release ID) in
    fedora)
        dvm_repository_key docker https://download.docker.com/linux/fedora/gpg 060A61C51B558A7F742B77AAC52FEB6B621E9F35
        # shellcheck disable=SC2016  # dnf's own variables
        dvm_dnf_repository docker 'https://download.docker.com/linux/fedora/$releasever/$basearch/stable'
        dvm_packages docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin \
            docker-ce-rootless-extras slirp4netns fuse-overlayfs shadow-utils iptables
        ;;
    debian)
        dvm_packages docker.io docker-compose rootlesskit slirp4netns fuse-overlayfs uidmap iptables
        dvm_packages_there_are docker-cli docker-buildx
        script=/usr/share/docker.io/contrib/dockerd-rootless.sh
        ;;
    *)
        dvm_repository_key docker https://download.docker.com/linux/ubuntu/gpg 9DC858229FC7DD38854AE2D88D81803C0EBFCD88
        dvm_apt_repository docker https://download.docker.com/linux/ubuntu "$(dvm_release UBUNTU_CODENAME)" stable
        dvm_packages docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin \
            docker-ce-rootless-extras slirp4netns fuse-overlayfs uidmap iptables
        ;;
esac

if [ "${DVM_DOCKER:-rootless}" = rootful ]; then
    if dvm_as_user systemctl --user is-enabled -q docker.service 2>/dev/null; then
        dvm_as_user systemctl --user disable -q --now docker.service
        dvm_as_user docker context use default >/dev/null
    fi
    dvm_service docker.service
    if ! id -nG "$DVM_USER" | tr ' ' '\n' | grep -qx docker; then
        usermod --append --groups docker "$DVM_USER"
        dvm_log "$DVM_USER is in the group docker from the next dvm sh on"
    fi
    dvm_warn "DVM_DOCKER=rootful: who may use Docker is root in this VM, and can take down every protection in it"
else
    if ! grep -q "^$DVM_USER:" /etc/subuid || ! grep -q "^$DVM_USER:" /etc/subgid; then
        dvm_fail "$DVM_USER has no subordinate user and group ids, which containers without root need" \
            "dvm sync gives them when it makes the account; add a line for $DVM_USER to /etc/subuid and /etc/subgid"
    fi
    dvm_user_bus
    dvm_no_service docker.service docker.socket
    if id -nG "$DVM_USER" | tr ' ' '\n' | grep -qx docker; then gpasswd --delete "$DVM_USER" docker; fi
    dvm_write /etc/systemd/user/docker.service <<UNIT
# Written by dvm.
[Unit]
Description=Docker of this user's own, without root
Requires=dbus.socket
After=dbus.socket

[Service]
Type=notify
NotifyAccess=all
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# Without it runc takes itself for root's, and asks the VM's systemd, which refuses.
Environment=DBUS_SESSION_BUS_ADDRESS=unix:path=%t/bus
ExecStart=$script
ExecReload=/bin/kill -s HUP \$MAINPID
Restart=on-failure
RestartSec=2
TimeoutStartSec=120
LimitNOFILE=infinity
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
Delegate=yes
KillMode=mixed

[Install]
WantedBy=default.target
UNIT
    if [ "$dvm_changed" = 1 ]; then dvm_as_user systemctl --user daemon-reload; fi
    if ! dvm_as_user systemctl --user is-enabled -q docker.service 2>/dev/null; then
        dvm_as_user systemctl --user enable -q docker.service
    fi
    if [ "$dvm_changed" = 1 ] || ! dvm_as_user systemctl --user is-active -q docker.service; then
        dvm_as_user systemctl --user restart docker.service
    fi
    # A context and not DOCKER_HOST, which only login shells would have.
    socket=unix:///run/user/$(id -u "$DVM_USER")/docker.sock
    if ! dvm_as_user docker context inspect rootless >/dev/null 2>&1; then
        dvm_as_user docker context create rootless --docker "host=$socket" >/dev/null
    fi
    # Not `context show`, which Debian 12's is too old for.
    if [ "$(dvm_as_user docker context inspect --format '{{.Name}}' 2>/dev/null || true)" != rootless ]; then
        dvm_as_user docker context use rootless >/dev/null
    fi
fi
