# dvm: summary: the VM in your tailnet; DVM_TAILSCALE_FUNNEL_TARGET shows one of its ports to the internet
# dvm: as: root
# dvm: vars: DVM_TAILSCALE_HOSTNAME DVM_TAILSCALE_FUNNEL_TARGET
# dvm: secrets: TAILSCALE_AUTH_KEY?
# dvm: service: tailscaled.service

name=${DVM_TAILSCALE_HOSTNAME:-$DVM_NAME} target=${DVM_TAILSCALE_FUNNEL_TARGET:-}
if ! [[ $name =~ ^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$ ]]; then
    dvm_fail "DVM_TAILSCALE_HOSTNAME says “$name”" "use up to 63 lowercase letters, digits and hyphens"
fi
if [ -n "$target" ] && ! [[ $target =~ ^https?(\+insecure)?://[A-Za-z0-9._:/?=%-]+$ ]]; then
    dvm_fail "DVM_TAILSCALE_FUNNEL_TARGET says “$target”" "write an address in the VM such as http://127.0.0.1:3000"
fi
if dvm_has_secret TAILSCALE_AUTH_KEY; then
    dvm_check_secret TAILSCALE_AUTH_KEY 'tskey-[A-Za-z0-9._=-]+' "an auth key, which starts with tskey-"
fi

if dvm_has_package tailscale || ! dvm_has tailscale; then
    # Fedora has it; elsewhere it is Tailscale's own.
    if dvm_on debian; then
        suite=$(dvm_release VERSION_CODENAME) system=debian
        if [ "$(dvm_release ID)" != debian ]; then suite=$(dvm_release UBUNTU_CODENAME) system=ubuntu; fi
        dvm_repository_key tailscale "https://pkgs.tailscale.com/stable/$system/$suite.noarmor.gpg" \
            2596A99EAAB33821893C0A79458CA832957F5868
        dvm_apt_repository tailscale "https://pkgs.tailscale.com/stable/$system" "$suite" main
    fi
    dvm_packages tailscale
fi
dvm_packages jq
dvm_own_service tailscaled.service /var/lib/tailscale
dvm_service tailscaled.service

# status FILTER: what tailscaled says of itself.
status() { tailscale status --json 2>/dev/null | jq -r "$1"; }

# tailscaled knows its state a moment after it has started.
state=
for _ in 1 2 3 4 5 6 7 8 9 10; do
    state=$(status .BackendState || true)
    case $state in '' | NoState | Starting) sleep 1 ;; *) break ;; esac
done
if [ "$state" = Running ]; then
    if [ "$(status .Self.HostName)" != "$name" ]; then tailscale set --hostname="$name"; fi
    if dvm_has_secret TAILSCALE_AUTH_KEY; then
        dvm_log "the VM is in a tailnet already: the auth key was not used (to move it: tailscale logout as root, then dvm sync)"
    fi
elif dvm_has_secret TAILSCALE_AUTH_KEY; then
    # As a file: arguments can be seen by everyone in the VM.
    tailscale up --reset --auth-key="file:$(dvm_secret_file TAILSCALE_AUTH_KEY)" --hostname="$name" --accept-dns \
        --timeout=60s || dvm_fail "Tailscale did not let the VM into the tailnet" \
        "its own words are above; a key that was used once, or is old, must be made anew"
else
    dvm_fail "the VM is in no tailnet yet" \
        "make an auth key in Tailscale's admin console, and set TAILSCALE_AUTH_KEY where you run dvm sync"
fi

# Funnel is what the configuration says, whatever was set by hand: nothing, or port 443 to the target.
# shellcheck disable=SC2016  # jq's variable
shown='[(.AllowFunnel // {} | to_entries[] | select(.value) | .key) as $at
    | if $at | endswith(":443") then .Web[$at].Handlers["/"].Proxy // "?" else "?" end] | join(" ")'
shown=$(tailscale funnel status --json | jq -r "$shown")
plain() { sed 's|//localhost|//127.0.0.1|; s|/$||' <<<"$1"; }
if [ "$(plain "$shown")" != "$(plain "$target")" ]; then
    tailscale funnel reset
    if [ -n "$target" ]; then
        tailscale funnel --bg --https=443 "$target" || dvm_fail "Funnel could not be turned on" \
            "its own words are above; the tailnet's policy must allow Funnel to this VM"
    fi
fi

dvm_log "in the tailnet as $(status '.Self.DNSName // "?" | rtrimstr(".")'), $(status '.Self.TailscaleIPs[0] // "without an address"')"
if [ "$(status '.CurrentTailnet.MagicDNSEnabled')" = true ]; then
    dvm_log "MagicDNS is on: other machines find it by that name"
else
    dvm_log "MagicDNS is off in this tailnet: other machines find it by its address only"
fi
if [ -n "$target" ]; then
    dvm_log "Funnel is ON: https://$(status '.Self.DNSName | rtrimstr(".")')/ shows $target to the internet"
else
    dvm_log "Funnel is off"
fi
