# dvm: summary: nothing any more: dvm makes the agents' account in every VM by itself
# dvm: as: root

dvm_log "the account of AI tools is dvm's own work now; “use agent-user” can be left out"
