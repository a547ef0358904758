"""Whether KVM works here. `/dev/kvm` proves nothing: some hosts make QEMU abort or hang: a kernel is booted."""
import os
import subprocess

from .log import info

# A kernel without a root file system panics within two seconds on KVM.
PROBE_SECONDS = 15


def accelerator(binary, arch, kernel):
    """`kvm` or `tcg`; tried once per boot of the host and remembered."""
    if arch != os.uname().machine or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    with open("/proc/sys/kernel/random/boot_id") as file:
        boot = file.read().strip()
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "dvm", "kvm-verdict")
    try:
        with open(cache) as file:
            known_boot, verdict = file.read().split()
            if known_boot == boot:
                return verdict
    except (OSError, ValueError):
        pass
    verdict = "kvm" if _boots_a_kernel(binary, arch, kernel) else "tcg"
    info(f"KVM is present and {'works' if verdict == 'kvm' else 'does not work: using software emulation'}")
    os.makedirs(os.path.dirname(cache), exist_ok=True)
    with open(f"{cache}.{os.getpid()}", "w") as file:
        file.write(f"{boot} {verdict}\n")
    os.replace(file.name, cache)
    return verdict


def _boots_a_kernel(binary, arch, kernel):
    machine = "q35" if arch == "x86_64" else "virt"
    probe = subprocess.Popen(
        [binary, "-machine", machine, "-accel", "kvm", "-cpu", "host", "-m", "256", "-nodefaults", "-display", "none",
         "-no-reboot", "-kernel", kernel, "-append", "panic=-1 quiet"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        return probe.wait(PROBE_SECONDS) == 0
    except subprocess.TimeoutExpired:
        # Not waited for: a QEMU stuck inside KVM may not even die.
        probe.kill()
        return False
