# dvm: summary: Claude Code, root's, for the sandbox: dvm ai claude
# dvm: as: root
# dvm: vars: DVM_CLAUDE_VERSION DVM_CLAUDE_SHA256
# dvm: tools: claude

# The vendor's package for Python carries the vendor's executable.
dvm_pin claude 0.2.186 pypi:claude-agent-sdk
dvm_pin_file x86_64 3aedbd01e5727283339362a544506f05cc19863a3b4c26bb9e1656d3e3940c3d claude_agent_sdk-VERSION-py3-none-manylinux_2_17_x86_64.whl
dvm_pin_file aarch64 2cffab71ff508634e2a6841edbcaf0d6ac3cd698e2378967ff4ffceba1d2f1bd claude_agent_sdk-VERSION-py3-none-manylinux_2_17_aarch64.whl
dvm_install_tool --folder claude_agent_sdk/_bundled claude
