"""A stand-in for the `limactl` verbs that dvm uses, on plain QEMU. For tests and the demo only; it is not Lima."""

# The version of Lima whose flags, output and quirks are reproduced.
VERSION = "2.2.0"
