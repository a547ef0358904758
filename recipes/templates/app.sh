# The VM “__DVM_NAME__”, read by dvm as Bash. Lines that are commented out show what holds without them.
# After a change: dvm sync __DVM_NAME__. What it comes to: dvm config __DVM_NAME__

# What is installed in it, beside a few basic tools; `dvm recipes` lists what there is.
# use_tools                        # what config.sh names under this name
# use node python
# use claude codex

# This computer has __DVM_HOST_CPUS__ CPUs and __DVM_HOST_MEMORY__ of memory.
# DVM_CPUS=auto                    # __DVM_CPUS__ here; or a number
# DVM_MEMORY=4GiB
# DVM_DISK=60GiB                   # can grow later, not shrink; takes only what is used
# DVM_SWAP=0                       # or a size, or zram

# DVM_USER=developer               # whom you work as in the VM
# DVM_SHELL=bash                   # another needs its recipe
# DVM_SUDO=0                       # 1: root without a password, for you and for whatever you run
# DVM_SUBUID_COUNT=65536           # for rootless containers; also DVM_SUBGID_COUNT
# DVM_CODE_DIR='~/code/__DVM_NAME__'  # where the project lives in the VM; ~ is the home there. Below DVM_CODE_ROOT

# The code, cloned once, with a key of the VM's that the first sync shows you.
# DVM_REPO=git@github.com:you/__DVM_NAME__.git
# DVM_REPO_BRANCH=main
# DVM_GIT_NAME='Ann Example'
# DVM_GIT_EMAIL=ann@example.org

# Ports of this computer that lead into the VM, as host:guest, reachable from this computer only.
# DVM_PORTS="3000:3000 5173:5173"
# DVM_HOST_IP=127.0.0.1            # 0.0.0.0: reachable from elsewhere too
# DVM_NETWORK=private              # shared: other VMs that say so too are lima-dvm-<vm>.internal
# DVM_PROXY=host                   # what leads to the internet: this computer's choice, or http://proxy:3128
# DVM_CA_CERTS=''                  # PEM files of authorities the VM trusts, such as ~/corp.pem

# DVM_TIMEZONE=UTC                 # this computer's when left out
# DVM_LOCALE=C.UTF-8               # LANG of this computer when left out

# DVM_TEMPLATE=fedora              # one of Lima's images (debian-12, ubuntu-24.04), or your own YAML's path
# DVM_VM_TYPE=qemu                 # or vz, krunkit; Lima's choice when left out
# DVM_ARCH=default                 # or x86_64, aarch64
# DVM_NO_BASELINE=0                # 1: without the basic tools
# DVM_UNIT_TIMEOUT=1h              # how long one recipe may take

# What AI tools may do in their sandbox; docs/security.md says what each choice costs.
# DVM_AI_NET=open                  # the internet; allow: named hosts only; none
# DVM_AI_HOSTS="registry.npmjs.org pypi.org files.pythonhosted.org"   # with allow
# DVM_AI_LOCAL="5432"              # ports of the VM's loopback they find on theirs
# DVM_AI_GIT=guarded               # or shadow, ro
# DVM_AI_PROTECT="tools/deploy"    # read-only for them, beside hooks, .envrc, editor tasks …
# DVM_AI_SECRETS=hide              # or show: .env and key files of the project
# DVM_AI_DENY="~/notes"            # closed to them, beside the whole home
# DVM_AI_ACCESS=auto               # or idmap, acl
# DVM_AI_SECCOMP=default           # or strict, nested
# DVM_AI_MEMORY=3GiB               # of one session; also DVM_AI_TASKS, DVM_AI_CPUS, DVM_AI_TIME
# DVM_AI_RECORD=0                  # 1 keeps what a session shows
# DVM_CLAUDE_BYPASS=1              # 0: claude asks before it acts; DVM_CODEX_YOLO=0 and so on for the others
