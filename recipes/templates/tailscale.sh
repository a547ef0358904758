# The VM “__DVM_NAME__”, a node of your tailnet, read by dvm as Bash.
# Its key is handed over once:   TAILSCALE_AUTH_KEY=tskey-… dvm sync __DVM_NAME__
# or comes from a command that prints it:
# DVM_SECRET_TAILSCALE_AUTH_KEY_CMD='pass show tailscale/__DVM_NAME__'

use tailscale
DVM_NO_BASELINE=1

# This computer has __DVM_HOST_CPUS__ CPUs and __DVM_HOST_MEMORY__ of memory.
DVM_CPUS=2
DVM_MEMORY=2GiB
DVM_DISK=20GiB

# It reaches other VMs that say DVM_NETWORK=shared at lima-dvm-<vm>.internal
DVM_NETWORK=shared

# DVM_TAILSCALE_HOSTNAME=__DVM_NAME__
# What everybody on the internet reaches through Funnel; nothing unless it is set.
# DVM_TAILSCALE_FUNNEL_TARGET=http://127.0.0.1:8080
