# dvm: summary: the command runner just
# dvm: as: root
# dvm: vars: DVM_JUST_VERSION DVM_JUST_SHA256

dvm_pin just 1.59.0 pypi:rust-just
dvm_pin_file x86_64 3ee47f26e3aff917107602d57a08ede20df447f78dc4f9ceb08e57a883c56eb9 rust_just-VERSION-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
dvm_pin_file aarch64 a305aa91fc425c44e3bcc7d5faae7b8c1503091d8e79aae1f6801dbdca478e20 rust_just-VERSION-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.whl
dvm_package_or_pinned just just
