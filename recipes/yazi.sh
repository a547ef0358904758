# dvm: summary: the file manager yazi, and ya
# dvm: as: root
# dvm: vars: DVM_YAZI_VERSION DVM_YAZI_SHA256?

dvm_pin yazi 26.1.22 github:sxyazi/yazi@vVERSION
dvm_pin_file x86_64 a136269b2d5fbb5fb43f3fac3391446e8fbc72aba1c4bb4fae6e6d1556420750 yazi-x86_64-unknown-linux-gnu.zip 2.39
dvm_pin_file aarch64 f5a9d7062ae30b75c1e0481d3132aa54c14bacf76efb1b39b54b6d5d08b7c537 yazi-aarch64-unknown-linux-gnu.zip 2.39
dvm_pin_file x86_64 - yazi-x86_64-unknown-linux-musl.zip
dvm_pin_file aarch64 - yazi-aarch64-unknown-linux-musl.zip
# It asks file(1) what it shows.
dvm_packages file
dvm_package_or_pinned yazi yazi ya
