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

        """
    }
}
