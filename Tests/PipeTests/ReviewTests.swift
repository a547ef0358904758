import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_host

/// Starts many programs of git: one test after the other.
@Suite(.serialized) struct `dvm review` {
    private let host: HostProgram

    init() throws {
        guard unsafe access("/usr/bin/git", X_OK) == 0 else {
            throw MissingPrerequisite("git is missing: apt-get install git")
        }
        host = try HostProgram()
    }

    /// Runs a script on the host, where `$P` is the project and `work` runs a script in it as the developer.
    private func run(_ script: String) throws -> HostProgram.Outcome {
        try host.run(
            """
            P='\(host.vm.outside(host.vm.project))'
            work() { dvm ssh app -- /bin/bash -ec "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x \\
              GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@x; $1"; }
            \(script)
            """
        )
    }

    private static let begin =
        "work 'git init -q -b main; echo one >file; git add .; git commit -qm one'; dvm review app >/dev/null 2>&1; dvm review app --done 2>/dev/null\n"

    @Test func `shows what was done, counts it as done, and writes it as a patch`() throws {
        let outcome = try run(
            Self.begin + """
                work 'echo two >file; echo x >.envrc'
                dvm review app --patch out.patch; echo "status $?"
                mkdir clone; git init -q clone; echo one >clone/file
                git -C clone apply ../out.patch && cat clone/file clone/.envrc; stat -c %a out.patch
                dvm review app --done 2>&1; dvm review app
                """
        )
        #expect(
            outcome.output == """
                ● . (main): since the review just now
                    ! runs or is obeyed when somebody opens its directory: .envrc
                    2 files
                      ? .envrc +1 −0
                      M file +1 −1

                changes in /home/developer/code/app (1 repository); since the review just now
                status 0
                two
                x
                600
                what was shown just now counts as reviewed
                no changes in /home/developer/code/app (1 repository); since the review just now

                """,
            "\(outcome.errors)"
        )
        let talk = outcome.errors.split(separator: "\n")
        #expect(talk.contains { $0.hasPrefix("out.patch: ") && $0.hasSuffix("read it before you apply it") }, "\(talk)")
        #expect(talk.contains("`dvm review app --done` counts this as reviewed"))
    }

    @Test func `replaces no file by itself, and leaves no half one`() throws {
        let outcome = try run(
            Self.begin + """
                work 'head -c 3000000 /dev/urandom >blob'
                echo mine >there; ln -s there link; mkdir dir; mkfifo pipe
                for to in there link dir pipe none/x; do dvm review app --patch $to >/dev/null; echo "$to $?"; done
                dvm review app --patch small --max-size 1MiB >/dev/null; echo "small $?"; cat there; ls
                dvm review app --patch link --force >/dev/null; echo "link $?"; cat there; test -f link && ! test -L link; echo $?
                dvm review app --patch pipe --force >/dev/null; echo "pipe $?"
                """
        )
        let lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(lines.prefix(7) == ["there 1", "link 1", "dir 1", "pipe 1", "none/x 1", "small 1", "mine"])
        #expect(!lines.contains("small") && !lines.contains { $0.contains(".dvm-") }, "\(lines)")
        #expect(lines.suffix(4) == ["link 0", "mine", "0", "pipe 1"], "\(outcome.errors)")
        #expect(outcome.errors.contains("there is there already"))
        #expect(outcome.errors.contains("the patch is larger than 1 MiB"))
    }

    @Test func `writes a patch to standard output, whole for a pipe and harmless for a terminal`() throws {
        let outcome = try run(
            Self.begin + #"""
                work 'printf "\\033]0;title\\007\\n" >evil; head -c 100 /dev/zero >blob'
                dvm review app --patch - 2>/dev/null >patch; git apply --numstat patch; grep -c $'\033' patch
                script -qec "'$DVM' review app --patch - 2>/dev/null" /dev/null </dev/null | grep -c $'\033'
                script -qec "'$DVM' review app --patch - 2>/dev/null" /dev/null </dev/null | grep -c 'u{1b}]0;title'
                dvm review app --patch - 2>&1 >/dev/null | grep -c ' evil '
                """#
        )
        #expect(outcome.output == "-\t-\tblob\n1\t0\tevil\n1\n0\n1\n1\n", "\(outcome.errors)")
    }

    @Test func `asks which repository, where several have changes`() throws {
        let outcome = try run(
            """
            work 'for r in a b c; do git init -q $r; done; echo x >a/x; echo y >b/y'
            dvm review app --patch p >/dev/null; echo $?; dvm review app --patch p --repository c >/dev/null; echo $?
            dvm review app --patch p --repository b >/dev/null; git apply --numstat p
            """
        )
        #expect(outcome.output == "64\n64\n1\t0\ty\n", "\(outcome.errors)")
        #expect(outcome.errors.contains("2 repositories have changes, and a patch is of one"))
        #expect(outcome.errors.contains("there are changes in a, b"))
    }

    @Test func `says what is missing`() throws {
        let empty = try run("dvm review app; dvm review app --patch p; ls p; dvm review app --done --json; echo $?")
        #expect(
            empty.output.hasSuffix(
                "no changes in /home/developer/code/app (0 repositories); nothing counts as reviewed yet\n64\n"
            )
        )
        #expect(empty.errors.contains("no file of a repository has changed, so there is no patch"))
        let early = try run("dvm review app --done; echo $?")
        // It has been shown above, empty as it is.
        #expect(early.output == "0\n")
        let other = try HostProgram().run("dvm review app --done; echo $?")
        #expect(other.output == "1\n" && other.errors.contains("app says: nothing has been shown yet"))
    }
}
