internal import DVMProtocol

/// What `ssh dvm-<vm>` does.
struct SshEntry: Hashable, Sendable {
    var vm: MachineName
    /// Where the VM's sshd is reached.
    var place: LimaLogin
    /// Who logs in, and by which keys the VM is known.
    var login: RemoteLogin
    /// The file that has the lines of `knownHosts`.
    var knownHostsFile: FilePath

    /// The name of the entry, which is also the one in `knownHosts`.
    var host: String { vm.instance }

    /// The keys by which the VM is known.
    var knownHosts: String { login.hostKeys.map { "\(host) \($0.line)\n" }.joined() }

    /// The entry, which decides everything a VM could use, whatever stands below it for all hosts.
    ///
    /// - Throws: a `Refusal` for a path that cannot be written there.
    func text() throws(Refusal) -> String {
        """
        # Written by dvm for its VM “\(vm)”, anew at every start.
        Host \(host)
          HostName \(place.address)
          Port \(place.port)
          User \(login.user)
          IdentityFile \(try SshWord.quoted(place.identity))
          IdentitiesOnly yes
          IdentityAgent none
          PreferredAuthentications publickey
          # Lima's own connection is shared without a look at the user: it would log in as the account that has sudo.
          ControlMaster no
          ControlPath none
          ControlPersist no
          # The VM is known by its keys, which came another way, and by nothing else.
          HostKeyAlias \(host)
          UserKnownHostsFile \(try SshWord.quoted(knownHostsFile))
          GlobalKnownHostsFile /dev/null
          StrictHostKeyChecking yes
          NoHostAuthenticationForLocalhost no
          VerifyHostKeyDNS no
          UpdateHostKeys no
          # Nothing of this computer goes along.
          ForwardAgent no
          ForwardX11 no
          ForwardX11Trusted no
          AddKeysToAgent no
          GSSAPIAuthentication no
          PermitLocalCommand no
          Tunnel no
          ProxyCommand none
          CanonicalizeHostname no

        """
    }
}
