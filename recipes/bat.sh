# dvm: summary: bat, cat with colours
# dvm: as: root

dvm_packages bat
# Debian and Ubuntu have another program of that name.
if dvm_on debian; then dvm_link /usr/bin/batcat /usr/local/bin/bat; fi
