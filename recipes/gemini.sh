# dvm: summary: the Gemini CLI, root's, for the sandbox: dvm ai gemini
# dvm: as: root
# dvm: vars: DVM_GEMINI_VERSION DVM_GEMINI_SHA256!
# dvm: needs: node
# dvm: tools: gemini

dvm_pin gemini 0.61.0 github:google-gemini/gemini-cli@vVERSION
dvm_pin_file any - gemini-cli-bundle.zip
dvm_pin_check
node=$(node --version)
node=${node#v}
if [ "${node%%.*}" -lt 20 ]; then
    dvm_fail "the Gemini CLI needs Node.js 20, and this VM's distribution has $node" \
        "use a newer image (DVM_TEMPLATE): Debian 13, Ubuntu 26.04 or Fedora"
fi
if ! dvm_tool_is_there gemini "$dvm_digest"; then
    dvm_tool_new gemini
    new=$dvm_new
    mkdir "$new/.unpacked"
    dvm_fetch_pinned "$new/.unpacked"
    dvm_unpack "$dvm_fetched" "$new/lib"
    rm -rf "$new/.unpacked"
    script=$(dvm_find_program "$new/lib" gemini.js)
    # Not node's own search for modules: the project the tool is started in adds nothing.
    dvm_write "$new/bin/gemini" 0755 <<SCRIPT
#!/bin/sh
exec /usr/bin/node "$dvm_tools/gemini${script#"$new"}" "\$@"
SCRIPT
    dvm_tool_put gemini "$dvm_digest" "$new"
fi
