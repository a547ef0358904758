# dvm: summary: llama.cpp's server with a model of yours, on port 8080 of the VM
# dvm: as: root
# dvm: vars: DVM_LLAMA_MODELS DVM_LLAMA_MODELS_SHA256 DVM_LLAMA_DEFAULT_MODEL DVM_LLAMA_MODEL_URL DVM_LLAMA_MODEL_SHA256 DVM_LLAMA_MODELS_DIR DVM_LLAMA_REFRESH DVM_LLAMA_HOST DVM_LLAMA_PORT DVM_LLAMA_SERVICE DVM_LLAMA_VERSION DVM_LLAMA_SHA256?
# dvm: service: dvm-llama.service

host=${DVM_LLAMA_HOST:-127.0.0.1} port=${DVM_LLAMA_PORT:-8080} models=${DVM_LLAMA_MODELS_DIR:-/var/lib/dvm-llama/models}
if [ "${DVM_LLAMA_SERVICE:-dvm-llama.service}" != dvm-llama.service ]; then
    dvm_fail "DVM_LLAMA_SERVICE says “$DVM_LLAMA_SERVICE”" "leave it out: the service is called dvm-llama.service"
fi
if ! [[ $port =~ ^[1-9][0-9]{0,4}$ ]] || [ "$port" -gt 65535 ]; then
    dvm_fail "DVM_LLAMA_PORT says “$port”" "write a number from 1 to 65535"
fi
if ! [[ $host =~ ^[0-9A-Za-z.:-]+$ ]]; then
    dvm_fail "DVM_LLAMA_HOST says “$host”" "write an address of the VM; 0.0.0.0 lets other VMs in"
fi
if ! [[ $models =~ ^/[A-Za-z0-9._/-]+$ ]] || [[ $models == */../* || $models == */.. || $models == /home/* ]]; then
    dvm_fail "DVM_LLAMA_MODELS_DIR says “$models”" \
        "leave it out: models are kept in /var/lib/dvm-llama/models, where no home is in the way of the service"
fi

# The models there are: alias, address, digest.
declare -A urls=() digests=()
aliases=()
add_model() { # ALIAS URL[#DIGEST]
    if ! [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || [ "$1" = current ]; then
        dvm_fail "“$1” in DVM_LLAMA_MODELS cannot name a model" "use letters, digits, dots, hyphens and underscores; “current” is a link's name"
    fi
    if ! [[ $2 =~ ^https://[^[:space:][:cntrl:]\"\']+$ ]]; then
        dvm_fail "the model $1 has the address “$2”" "write one that starts with https://"
    fi
    if [ -z "${urls[$1]:-}" ]; then aliases+=("$1"); fi
    urls[$1]=${2%%#*}
    if [[ $2 == *#* ]]; then digests[$1]=${2#*#}; fi
}
mapfile -t entries < <(dvm_words "${DVM_LLAMA_MODELS:-}")
for entry in "${entries[@]}"; do
    case $entry in
        ?*=?*) add_model "${entry%%=*}" "${entry#*=}" ;;
        *) dvm_fail "DVM_LLAMA_MODELS says “$entry”" "write ALIAS=https://…#SHA256" ;;
    esac
done
if [ -n "${DVM_LLAMA_MODEL_URL:-}" ]; then add_model default "$DVM_LLAMA_MODEL_URL"; fi
if [ -n "${DVM_LLAMA_MODEL_SHA256:-}" ]; then digests[default]=$DVM_LLAMA_MODEL_SHA256; fi
sums=${DVM_LLAMA_MODELS_SHA256:-}
mapfile -t entries < <(dvm_words "${sums//,/ }")
for entry in "${entries[@]}"; do
    if [ -z "${urls[${entry%%=*}]:-}" ]; then
        dvm_fail "DVM_LLAMA_MODELS_SHA256 has a digest of “${entry%%=*}”, which DVM_LLAMA_MODELS does not name" \
            "write ALIAS=SHA256 of a model there"
    fi
    digests[${entry%%=*}]=${entry#*=}
done
chosen=${DVM_LLAMA_DEFAULT_MODEL:-${aliases[0]:-}}
if [ -n "$chosen" ] && [ -z "${urls[$chosen]:-}" ]; then
    dvm_fail "DVM_LLAMA_DEFAULT_MODEL says “$chosen”, which DVM_LLAMA_MODELS does not name" "it names: ${aliases[*]:-none}"
fi

dvm_pin llama b11440 github:ggml-org/llama.cpp@VERSION
dvm_pin_file x86_64 - llama-VERSION-bin-ubuntu-x64.tar.gz
dvm_pin_file aarch64 - llama-VERSION-bin-ubuntu-arm64.tar.gz
# The pinned server needs it, and small images are without.
dvm_packages -/libgomp1
dvm_package_or_pinned llama-cpp/llama.cpp --tree llama-server

if ! dvm_has llama-server; then dvm_fail "the package of llama.cpp has no llama-server in it" "set DVM_LLAMA_VERSION and DVM_LLAMA_SHA256"; fi

mkdir -p "$models"
if [ "$(stat -c %u "$models")" != 0 ] || [ -n "$(find "$models" -maxdepth 0 -perm /022)" ]; then
    dvm_fail "DVM_LLAMA_MODELS_DIR says “$models”, where others than root may write" "leave it out, or: chown root, chmod go-w"
fi
if [ -n "$chosen" ]; then
    digest=${digests[$chosen]:-}
    digest=${digest,,}
    if ! dvm_is_digest "$digest"; then
        dvm_fail "the model $chosen has no SHA-256" "write it behind its address: $chosen=${urls[$chosen]}#SHA256"
    fi
    # A model is many gigabytes: it is read again only when asked for.
    if dvm_yes DVM_LLAMA_REFRESH || [ ! -f "$models/$chosen.gguf" ] \
        || [ "$(cat "$models/$chosen.sha256" 2>/dev/null)" != "$digest" ]; then
        dvm_download "${urls[$chosen]}" "$digest" "$models/$chosen.gguf"
        dvm_write "$models/$chosen.sha256" <<<"$digest"
        dvm_log "the model $chosen is there"
    fi
    chmod 0644 "$models/$chosen.gguf"
    dvm_link "$chosen.gguf" "$models/current.gguf"
fi

# Answers come from memory: no other address has to be reached, unless others reach it.
outside='IPAddressDeny=any
IPAddressAllow=localhost'
case $host in 127.* | localhost | ::1) ;; *) outside= ;; esac
dvm_unit dvm-llama.service <<UNIT
# Written by dvm.
[Unit]
Description=llama.cpp's server with the model ${chosen:-of $models/current.gguf}
After=network.target
ConditionPathExists=$models/current.gguf

[Service]
ExecStart=$(command -v llama-server) --model $models/current.gguf --alias ${chosen:-current} --host $host --port $port
Restart=on-failure
RestartSec=3
DynamicUser=yes
WorkingDirectory=/
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
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
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
$outside

[Install]
WantedBy=multi-user.target
UNIT
if [ -e "$models/current.gguf" ]; then
    dvm_service dvm-llama.service
    dvm_log "llama.cpp answers on $host:$port"
else
    dvm_log "no model yet: set DVM_LLAMA_MODELS=\"ALIAS=https://…#SHA256\", or put one at $models/current.gguf"
fi
