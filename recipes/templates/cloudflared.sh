# The VM “__DVM_NAME__”, a Cloudflare tunnel to your other VMs, read by dvm as Bash.
# Its token is handed over once:   CLOUDFLARED_TOKEN=… dvm sync __DVM_NAME__
# or comes from a command that prints it:
# DVM_SECRET_CLOUDFLARED_TOKEN_CMD='pass show cloudflared/__DVM_NAME__'

use cloudflared
DVM_NO_BASELINE=1

# This computer has __DVM_HOST_CPUS__ CPUs and __DVM_HOST_MEMORY__ of memory.
DVM_CPUS=2
DVM_MEMORY=2GiB
DVM_DISK=20GiB

# It reaches other VMs that say DVM_NETWORK=shared at lima-dvm-<vm>.internal
DVM_NETWORK=shared
