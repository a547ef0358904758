# dvm: summary: a Cloudflare Tunnel into the VM, with the token of a tunnel made in Cloudflare's dashboard
# dvm: as: root
# dvm: vars: DVM_CLOUDFLARED_SERVICE DVM_CLOUDFLARED_VERSION DVM_CLOUDFLARED_SHA256
# dvm: secrets: CLOUDFLARED_TOKEN?
# dvm: service: dvm-cloudflared.service

if [ "${DVM_CLOUDFLARED_SERVICE:-dvm-cloudflared.service}" != dvm-cloudflared.service ]; then
    dvm_fail "DVM_CLOUDFLARED_SERVICE says “$DVM_CLOUDFLARED_SERVICE”" \
        "leave it out: the service is called dvm-cloudflared.service"
fi
token=/etc/cloudflared/dvm.token
if dvm_has_secret CLOUDFLARED_TOKEN; then
    dvm_check_secret CLOUDFLARED_TOKEN '[A-Za-z0-9._=-]+' "a tunnel's token"
elif [ ! -s "$token" ]; then
    dvm_fail "there is no token for the tunnel" \
        "make a tunnel in Cloudflare's dashboard, and set CLOUDFLARED_TOKEN where you run dvm sync"
fi

dvm_pin cloudflared 2026.10.7 github:cloudflare/cloudflared@VERSION
dvm_pin_file x86_64 - cloudflared-linux-amd64
dvm_pin_file aarch64 - cloudflared-linux-arm64
if dvm_pin_is_chosen; then
    dvm_install_pinned cloudflared
elif dvm_has_package cloudflared || ! dvm_has cloudflared; then
    # The present key, and the one before it.
    keys=(CC94B39C77AE7342A68B89628A682D308D4E5E73 FBA8C0EE63617C5EED695C43254B391D8CACCBF8)
    if dvm_on fedora; then
        dvm_repository_key cloudflared https://pkg.cloudflare.com/cloudflare-ascii-pubkey.gpg "${keys[@]}"
        dvm_dnf_repository cloudflared https://pkg.cloudflare.com/cloudflared/rpm
    else
        dvm_repository_key cloudflared https://pkg.cloudflare.com/cloudflare-main.gpg "${keys[@]}"
        dvm_apt_repository cloudflared https://pkg.cloudflare.com/cloudflared any main
    fi
    dvm_packages cloudflared
fi

if dvm_has_secret CLOUDFLARED_TOKEN; then
    install -d -m 0700 /etc/cloudflared
    dvm_write "$token" 0600 < <(tr -d '\r\n' <"$(dvm_secret_file CLOUDFLARED_TOKEN)")
fi
# systemd hands the token to the service as a file that no other user can read; it needs nobody's rights.
dvm_unit dvm-cloudflared.service <<UNIT
# Written by dvm.
[Unit]
Description=Cloudflare Tunnel
Wants=network-online.target
After=network-online.target

[Service]
LoadCredential=token:$token
ExecStart=$(command -v cloudflared) tunnel --no-autoupdate run --token-file %d/token
Restart=on-failure
RestartSec=5
DynamicUser=yes
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
UNIT
dvm_own_service dvm-cloudflared.service "$token"
dvm_service dvm-cloudflared.service
if journalctl --no-pager -q -n 200 -u dvm-cloudflared.service 2>/dev/null | grep -qFf "$token"; then
    dvm_warn "the tunnel's token stands in the VM's journal: make a new one in Cloudflare's dashboard"
fi
