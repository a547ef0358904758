# dvm: summary: OpenAI Codex, root's, for the sandbox: dvm ai codex
# dvm: as: root
# dvm: vars: DVM_CODEX_VERSION DVM_CODEX_SHA256
# dvm: tools: codex

# The vendor's package for Python carries the vendor's executables. They find each other by their places.
dvm_pin codex 0.163.0 pypi:openai-codex-cli-bin
dvm_pin_file x86_64 76db41fb07fdf9ddacbe892b48d21dfde270031ec0f5666b5e558114355f006d openai_codex_cli_bin-VERSION-py3-none-manylinux_2_17_x86_64.whl
dvm_pin_file aarch64 bb2b0d117eeb02608738cf2bcdf51f6a036343d0028272e11a94e72b0d23b141 openai_codex_cli_bin-VERSION-py3-none-manylinux_2_17_aarch64.whl
dvm_install_tool --folder codex_cli_bin codex
