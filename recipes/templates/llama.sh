# The VM “__DVM_NAME__”, a server of language models, read by dvm as Bash.
# After a change: dvm sync __DVM_NAME__. What it says: dvm logs __DVM_NAME__

# Where the VM's distribution has no llama.cpp (Debian, Ubuntu before 26.04), DVM_LLAMA_SHA256 has to be set, too.
use llama
DVM_NO_BASELINE=1

# This computer has __DVM_HOST_CPUS__ CPUs and __DVM_HOST_MEMORY__ of memory.
# DVM_CPUS=auto                    # __DVM_CPUS__ here; or a number
DVM_MEMORY=16GiB
DVM_DISK=120GiB

# Other VMs that say DVM_NETWORK=shared reach it at http://lima-dvm-__DVM_NAME__.internal:8080
DVM_NETWORK=shared
DVM_LLAMA_HOST=0.0.0.0             # 127.0.0.1: programs in this VM, and this computer through the port below
# This computer reaches it at http://127.0.0.1:8080
DVM_PORTS="8080:8080"

# Models by names of yours, each with where it is and its SHA-256; the first is served unless one is named.
# DVM_LLAMA_MODELS="small=https://example.org/models/small.gguf"
# DVM_LLAMA_MODELS_SHA256="small=0000000000000000000000000000000000000000000000000000000000000000"
# DVM_LLAMA_DEFAULT_MODEL=small
