# dvm: summary: Rust and Cargo of the distribution, with rustfmt, Clippy and a C linker
# dvm: as: root

dvm_packages rust/rustc cargo rustfmt clippy/rust-clippy gcc glibc-devel/libc6-dev
