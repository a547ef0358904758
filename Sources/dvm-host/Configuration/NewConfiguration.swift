internal import DVMProtocol

/// The file `dvm init` writes: everything there is to say, as comments.
enum NewConfiguration {
    static func text(for vm: MachineName) -> String {
        """
        # The VM “\(vm.text)”, read by dvm as Bash. Lines that are commented out show what holds without them.
        # After a change: dvm sync \(vm.text)

        # DVM_CPUS=auto                    # or a number
        # DVM_MEMORY=4GiB
        # DVM_DISK=60GiB                   # can grow later, not shrink; takes only what is used

        # DVM_USER=developer               # whom you work as in the VM
        # DVM_CODE_DIR='~/code/\(vm.text)'  # where the project lives in the VM; ~ is the home there

        # Ports of this computer that lead into the VM, as host:guest, reachable from this computer only.
        # DVM_PORTS="3000:3000 5173:5173"

        # DVM_TEMPLATE=fedora              # one of Lima's images (debian-12, ubuntu-24.04), or your own YAML's path
        # DVM_VM_TYPE=qemu                 # or vz, krunkit; Lima's choice when left out
        # DVM_ARCH=default                 # or x86_64, aarch64

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

        """
    }
}
