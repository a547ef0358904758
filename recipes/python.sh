# dvm: summary: Python 3 with pip and venv, and uv
# dvm: as: root
# dvm: vars: DVM_UV_VERSION DVM_UV_SHA256

dvm_packages python3 python3-pip -/python3-venv
dvm_pin uv 0.13.9 pypi:uv
dvm_pin_file x86_64 d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19 uv-VERSION-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
dvm_pin_file aarch64 ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375 uv-VERSION-py3-none-manylinux_2_28_aarch64.whl
dvm_package_or_pinned uv uv uvx
