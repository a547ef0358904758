import Foundation
import TestSupport
import Testing

extension VMTests {
    /// The recipes that come with dvm, from Debian's mirror and PyPI as they are: of hundreds of megabytes, and so not
    /// for every commit.
    @Suite(.writesConfiguration) struct `Packages of recipes` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        /// Recipes beside the baseline, and how their programs say which they are.
        private static let programs = [
            "zsh": "zsh --version", "git": "git --version", "tmux": "tmux -V", "fzf": "fzf --version",
            "ripgrep": "rg --version", "bat": "bat --version", "neovim": "nvim --version", "gh": "gh --version",
            "just": "just --version", "python": "python3 -m venv --help && uv --version",
        ]

        @Test func `ten of them and the baseline give the developer their programs, and are then left alone`() throws {
            let names = Self.programs.keys.sorted()
            try vm.configure("use \(names.joined(separator: " "))\n")
            let outcome = try vm.sync()
            try #require(outcome.status == 0, "\(outcome.told.suffix(3000))")
            // The baseline was the first thing in this VM.
            #expect(try VirtualMachines.current.firstSync.complaint.contains("✓ baseline"))
            #expect(outcome.ran.sorted() == names)

            let lines = Self.programs.map { "{ \($0.value); } >/dev/null 2>&1 || echo \($0.key)" }.sorted()
            let missing = try vm.developer(
                (["jq --version >/dev/null || echo baseline"] + lines).joined(separator: "\n")
            )
            #expect(missing.lines == [], "\(outcome.told.suffix(2000))")
            #expect(try vm.developer("{ no-such-program; } >/dev/null 2>&1 || echo found out").lines == ["found out"])
            // What they printed is kept, and what they put beside packages is root's.
            #expect(vm.log("ripgrep").contains("dvm: installing ripgrep"))
            #expect(try vm.root("stat -c '%U %a' /usr/local/bin/just /usr/local/bin/uv") == "root 755\nroot 755\n")
            #expect(try vm.root("getent passwd \(vm.user) | cut -d: -f7") == "/usr/bin/zsh\n")

            let again = try vm.sync()
            let start = ContinuousClock.now
            #expect(try vm.control("true").status == 0)
            let login = start.duration(to: .now)
            #expect(again.text == "nothing had to be done, \(names.count + 1) recipes unchanged")
            // 1.5 s are the aim, which `make bench` measures.
            #expect(again.duration < login + .seconds(15), "\(again.duration), a login \(login)")

            #expect(try vm.sync("--only", "ripgrep", "--force").ran == ["ripgrep"])
            #expect(!vm.log("ripgrep").contains("installing"), "a second run installs nothing")
        }

        @Test func `a VM that is switched off in the middle of an installation is mended by the next sync`() throws {
            try vm.recipe("editor", "dvm_packages vim")
            try vm.configure("use editor\n")
            let sync = try vm.start(["sync", "--verbose", vm.name])
            _ = try sync.writes(within: .seconds(600)) { $0.complaint.contains("Unpacking vim-runtime") }
            try vm.switchOff()
            let off = try sync.finish(within: .seconds(600))
            #expect(off.status == 1, "\(off.complaint.suffix(2000))")
            #expect(off.complaint.contains("hint: "))

            let outcome = try vm.sync()
            #expect(outcome.ran == ["editor"], "\(outcome.told.suffix(3000))")
            // By its own name: another editor may have the short one.
            #expect(try vm.developer("vim.basic --version | head -n 1").text.hasPrefix("VIM - Vi IMproved"))
            #expect(try vm.root("dpkg --audit") == "")
        }

        /// Debian 12 and 13 have no chezmoi, and the release it is pinned to cannot be had everywhere: the program itself is
        /// taken from Debian's newest packages, which needs nothing but a C library of any age.
        @Test func `chezmoi applies dotfiles from a repository, and what changes in it`() throws {
            try vm.root(
                """
                rm -rf /var/tmp/sid && mkdir -p /var/tmp/sid/lists/partial /var/tmp/sid/cache/archives/partial
                cd /var/tmp/sid
                mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)
                echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >sources.list
                sid() {
                    apt-get -q -o Dir::Etc::sourcelist=$PWD/sources.list -o Dir::Etc::sourceparts=/dev/null \\
                        -o Dir::State::lists=$PWD/lists -o Dir::Cache=$PWD/cache -o Acquire::Languages=none \\
                        -o Acquire::Check-Valid-Until=false "$@" 2>&1 # a mirror may stand still; it is signed all the same
                }
                sid update
                sid download chezmoi
                dpkg-deb -x chezmoi_*.deb unpacked
                install -m 755 unpacked/usr/bin/chezmoi /usr/local/bin/chezmoi
                """
            )
            defer {
                _ = try? vm.root(
                    """
                    rm -rf /var/tmp/sid /usr/local/bin/chezmoi
                    cd \(vm.userHome) && rm -rf dotfiles .config/chezmoi .local/share/chezmoi .greeting .moved
                    """
                )
            }
            try vm.dotfiles("printf 'mail for {{ .email }}, {{ .role }}\\n' >dot_greeting.tmpl")
            let repository = "\(vm.userHome)/dotfiles"
            let values = "DVM_CHEZMOI_EMAIL=ann@example.org\nDVM_CHEZMOI_ROLE='a \"quoted\" \\ word'\n"

            try vm.configure("use chezmoi\nDVM_CHEZMOI_REPO=\(repository)/nowhere\n\(values)")
            let refused = try vm.sync()
            #expect(refused.status == 1)
            #expect(refused.text.contains("your dotfiles could not be cloned from \(repository)/nowhere"))

            try vm.configure("use chezmoi\nDVM_CHEZMOI_REPO=\(repository)\n\(values)")
            let outcome = try vm.sync()
            #expect(outcome.ran == ["chezmoi"], "\(outcome.told.suffix(3000))")
            #expect(vm.log("chezmoi").contains("using the chezmoi that is there: /usr/local/bin/chezmoi"))
            let greeting = "mail for ann@example.org, a \"quoted\" \\ word\n"
            #expect(try vm.developer("cat ~/.greeting").text == greeting)
            let owners = "stat -c '%U %a' .greeting .config/chezmoi/chezmoi.toml"
            #expect(try vm.developer("cd && \(owners)").lines == ["\(vm.user) 644", "\(vm.user) 600"])
            #expect(try vm.sync().ran == [])

            try vm.dotfiles("git mv dot_greeting.tmpl dot_moved.tmpl")
            #expect(try vm.sync("--only", "chezmoi", "--force").ran == ["chezmoi"])
            #expect(try vm.developer("cat ~/.moved").text == greeting)
        }
    }
}

extension TestVM {
    /// Changes the developer's repository of dotfiles with a script, and commits that.
    fileprivate func dotfiles(_ script: String) throws {
        let outcome = try developer(
            """
            set -e
            [ -d ~/dotfiles ] || git init -q -b main ~/dotfiles
            cd ~/dotfiles
            \(script)
            git add -A
            git -c user.name=Ann -c user.email=ann@example.org commit -q -m dotfiles
            """
        )
        guard outcome.status == 0 else { throw ScriptFailed(script: script, outcome: outcome) }
    }
}
