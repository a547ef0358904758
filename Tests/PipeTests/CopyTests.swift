import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Copying between this computer and a VM` {
    private let host: HostProgram
    /// The project, as this process reaches it.
    private let project: String

    init() throws {
        host = try HostProgram()
        project = host.vm.outside(host.vm.project)
    }

    private func run(_ script: String) throws -> HostProgram.Outcome {
        try host.run("P='\(project)'\n\(script)")
    }

    /// What the last lines say, without the line of the step.
    private func summary(_ outcome: HostProgram.Outcome) -> String {
        outcome.errors.split(separator: "\n").last.map(String.init) ?? ""
    }

    @Test func `puts a file into the code directory as the developer, and gets it back`() throws {
        let outcome = try run(
            """
            printf 'hello\\n' >notes.txt; chmod 640 notes.txt; touch -d '2020-02-03 04:05:06.789' notes.txt
            dvm cp notes.txt app: && stat -c '%u %g %a %y' "$P/notes.txt" && cat "$P/notes.txt"
            dvm cp app:notes.txt back.txt && stat -c '%u %a %y' back.txt && cmp notes.txt back.txt
            """
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        try #require(lines.count == 3)
        #expect(lines[0].hasPrefix("64101 64101 640 2020-02-03 04:05:06.789000000"))
        #expect(lines[1] == "hello")
        #expect(lines[2].hasPrefix("0 640 2020-02-03 04:05:06.789000000"))
        #expect(summary(outcome) == "• 1 file, 6 B")
    }

    /// Small files are made with their mode, large ones get it at the end.
    @Test func `gives files the modes they had, and none that lets programs be somebody else`() throws {
        let outcome = try run(
            """
            umask 0; mkdir modes; cd modes
            for mode in 0 400 444 600 640 666 755 777 4755 2777; do
                printf x >small-$mode; head -c 2000000 /dev/zero | tr '\\0' x >large-$mode; chmod $mode *-$mode
            done
            cd ..; dvm cp -r modes app: && stat -c '%n %a' "$P"/modes/* | sed "s,$P/modes/,,"
            """
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        let modes = ["0", "2777", "400", "444", "4755", "600", "640", "666", "755", "777"]
        let expected = ["large", "small"].flatMap { size in modes.map { "\(size)-\($0) \($0.suffix(3))" } }
        #expect(outcome.output.split(separator: "\n").map(String.init) == expected)
    }

    @Test func `takes names in the VM for names, whatever they look like`() throws {
        let outcome = try run(
            """
            cd "$P"; n=0; for name in -dash - a:b '~' $'new\\nline' '$(touch evil)'; do printf $((n++)) >"./$name"; done
            printf 6 >$'\\xff'; chown 64101 ./*; cd "$ROOT"; mkdir got
            dvm cp app:-dash app:- app:a:b app:./~ $'app:new\\nline' 'app:$(touch evil)' got && cat got/*; echo
            dvm cp -r app:. whole && cat whole/$'\\xff' && dvm cp dvm-app:-dash - && dvm cp -- app:-dash -d; cat ./-d; echo
            # Nothing else than what was named: not what Swift makes of such bytes.
            dvm cp $'app:\\xff' got; echo $?; dvm cp app:-dash $'\\xff'; echo $?; dvm cp app2:-dash got; echo $?; ls got | wc -l
            """
        )
        #expect(outcome.output == "510243\n600\n64\n64\n1\n7\n", "\(outcome.errors)")
        #expect(outcome.errors.contains("dvm: error: “app:�” is not UTF-8\nhint: name the directory it is in"))
        #expect(outcome.errors.contains("there is no VM called “app2”\nhint: did you mean app?"))
    }

    /// What the VM says of its files must not open them to others of this computer.
    @Test(arguments: [("022", "755 644 755 644"), ("077", "700 600 700 600"), ("002", "775 664 775 664")])
    func `gives what comes out of a VM no right that the umask takes away`(mask: String, modes: String) throws {
        let outcome = try run(
            """
            mkdir -p "$P/t/d"; printf s >"$P/t/d/small"; head -c 2000000 /dev/zero | tr '\\0' x >"$P/t/large"
            chmod 2777 "$P/t" "$P/t/d"; chmod 4777 "$P/t/d/small"; chmod 666 "$P/t/large"; chown -R 64101 "$P/t"
            chmod 6666 "$P/t/d/small"; umask \(mask)
            modes() { echo $(stat -c %a got got/d/small got/d got/large); }
            dvm cp -r app:t got && modes; dvm cp app:t/d/small new/place && stat -c %a new
            # Nor when all of it is there, and differs in its modes only.
            chmod 777 got/d/small got/large; dvm cp -r app:t/. got && modes
            """
        )
        #expect(outcome.output == "\(modes)\n\(modes.prefix(3))\n\(modes)\n", "\(outcome.errors)")
        #expect(outcome.errors.contains("2 unchanged"))
    }

    @Test func `copies a tree with everything in it, both ways, and finds it unchanged the second time`() throws {
        let outcome = try run(
            """
            mkdir -p tree/a/b tree/empty 'tree/with space'
            printf x >tree/a/b/-dash; printf y >"tree/new
            line"; printf z >'tree/a:b'; : >tree/nothing; printf w >$'tree/\\xff\\xfe'
            head -c 3000000 /dev/urandom >tree/big
            ln -s ../nothing tree/a/link; ln -s a/link tree/chain; ln tree/big tree/hard
            chmod 500 tree/a/b; chmod 4755 tree/nothing; touch -d '2001-01-01' tree/empty
            dvm cp -r tree app: || exit 9
            diff -r --no-dereference tree "$P/tree" && readlink "$P/tree/a/link" "$P/tree/chain"
            stat -c '%a %n' "$P/tree/nothing" "$P/tree/a/b" | sed "s,$P,,"; stat -c %y "$P/tree/empty" | cut -c1-10
            dvm cp -r app:tree got || exit 9
            diff -r --no-dereference tree got && echo same
            dvm cp -r app:tree/. got; dvm cp -r tree app:
            """
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output == "../nothing\na/link\n755 /tree/nothing\n500 /tree/a/b\n2001-01-01\nsame\n")
        #expect(outcome.errors.contains("• 0 files, 0 B, 7 unchanged\n"))
    }

    // MARK: What is left out

    @Test func `leaves out what is no file, and links that lead out, and says so`() throws {
        let outcome = try run(
            """
            mkdir -p "$P/d/sub"; chown -R 64101 "$P/d"; printf a >"$P/d/a"
            mkfifo "$P/d/fifo"; mknod "$P/d/null" c 1 3; ln -s /etc/passwd "$P/d/out"; ln -s ../../x "$P/d/sub/up"
            printf key >"$P/../../secret"; ln -s ../../../../secret "$P/d/sub/key"
            printf s >"$P/d/closed"; chmod 0 "$P/d/closed"
            dvm cp -r app:d . ; status=$?; find d | sort; exit $status
            """
        )
        #expect(outcome.status == 1)
        #expect(outcome.output == "d\nd/a\nd/sub\n")
        #expect(
            outcome.errors.split(separator: "\n").filter { !$0.contains("copying") } == [
                "• left out: d/fifo: neither a file nor a directory",
                "• left out: d/null: neither a file nor a directory",
                "• left out: d/out: a link that leads out of what is copied",
                "• left out: d/sub/key: a link that leads out of what is copied",
                "• left out: d/sub/up: a link that leads out of what is copied",
                "• not copied: d/closed: Permission denied", "• 1 file, 1 B",
            ]
        )
    }

    @Test func `follows no link of the project, on the way in or out`() throws {
        let outcome = try run(
            """
            H="$P/../.."; mkdir -p "$H/.ssh"; printf key >"$H/.ssh/id"; chown -R 64101 "$H/.ssh"
            ln -s ../../.ssh "$P/docs"; ln -s ../../.ssh/id "$P/id"; printf x >x
            for to in docs docs/ docs/new id; do dvm cp x app:$to && echo "written to $to"; done
            for from in id docs/id docs; do dvm cp -r app:$from got && echo "read from $from"; done
            dvm cp app:../../.ssh/id mine && cat mine; echo; find "$H/.ssh" | sed "s,.*/,,"; cat "$H/.ssh/id"; ls
            """
        )
        #expect(!outcome.output.contains("written to"), "\(outcome.errors)")
        #expect(!outcome.output.contains("read from"))
        #expect(outcome.output.hasPrefix("key\n"))
        #expect(outcome.output.contains(".ssh\nid\nkey"))
    }

    @Test func `prints what it would copy, and changes nothing`() throws {
        let outcome = try run(
            """
            mkdir -p t/u; printf 1 >t/a; printf 2 >$'t/u/\\x1b[2Jb'
            dvm cp -rn t app:new/place/ && ls "$P"; dvm cp -r t app: && rm t/a
            dvm cp -nr app:t got/deep/ ; ls -d got 2>/dev/null; dvm cp -rn t app:; dvm cp -rn app:t .
            """
        )
        #expect(outcome.output == "t/a\nt/u/\\u{1b}[2Jb\nt/a\nt/u/\\u{1b}[2Jb\nt/a\n", "\(outcome.errors)")
    }

    @Test func `takes and gives streams`() throws {
        let outcome = try run(
            """
            printf 'from a pipe' | dvm cp - app:new/dir/file && dvm cp app:new/dir/file - && stat -c ' %a %u' "$P/new/dir/file"
            truncate -s 200000 sparse; printf end >>sparse; dvm cp sparse app: && dvm cp app:sparse - | cmp - sparse && echo same
            printf x | dvm cp - app:new; echo $?; dvm cp -r app:new -; echo $?; ls -A "$P/new"
            """
        )
        #expect(outcome.output == "from a pipe 644 64101\nsame\n1\n1\ndir\n", "\(outcome.errors)")
    }

    /// As with cat: whoever reads no more is no mistake of the copy's.
    @Test func `ends as other programs do when nobody reads its standard output any more`() throws {
        let outcome = try run(
            """
            head -c 20000000 /dev/zero >"$P/big"; chown 64101 "$P/big"
            dvm cp app:big - | head -c 1 | wc -c; echo ${PIPESTATUS[0]}
            """
        )
        #expect(outcome.output == "1\n141\n", "\(outcome.errors)")
        #expect(!outcome.errors.contains("error") && !outcome.errors.contains("✗"), "\(outcome.errors)")
    }

    @Test func `keeps holes, of a file much larger than the disk`() throws {
        let outcome = try run(
            """
            truncate -s 1T huge; printf middle | dd of=huge bs=1 seek=500000000000 conv=notrunc status=none
            dvm cp huge app: && stat -c '%s' "$P/huge" && test "$(stat -c %b "$P/huge")" -lt 100 && echo sparse
            dd if="$P/huge" bs=1 skip=500000000000 count=6 status=none
            """
        )
        #expect(outcome.output == "1099511627776\nsparse\nmiddle", "\(outcome.errors)")
    }

    // MARK: Cut short

    @Test func `goes on where it was cut short`() throws {
        let outcome = try run(
            """
            head -c 40000000 /dev/urandom >big; printf s >small
            dvm cp big small app:new/ 2>/dev/null &
            until [ "$(stat -c %s "$P"/new/.dvm-cp.* 2>/dev/null || echo 0)" -gt 3000000 ]; do sleep 0.02; done
            pid=$(cat serve.pid); [ "$pid" -gt 1 ] || exit 99
            kill -KILL "$pid"; wait $!; echo $?; sleep 1
            ls "$P/new"; test "$(ls -A "$P/new" | wc -l)" = 1 && echo "a part"
            dvm cp big small app:new/; cmp big "$P/new/big" && ls -A "$P/new"
            """
        )
        #expect(outcome.output == "1\na part\nbig\nsmall\n", "\(outcome.errors)")
        let moved = summary(outcome).split(separator: " ").compactMap { Double($0) }
        try #require(moved.count == 2)
        #expect(moved[0] == 2)
        #expect(moved[1] < 37.1)
    }

    @Test func `begins again where the beginning is another's`() throws {
        let outcome = try run(
            """
            head -c 40000000 /dev/urandom >big
            dvm cp big app: 2>/dev/null &
            until [ "$(stat -c %s "$P"/.dvm-cp.* 2>/dev/null || echo 0)" -gt 3000000 ]; do sleep 0.02; done
            pid=$(cat serve.pid); [ "$pid" -gt 1 ] || exit 99
            kill -KILL "$pid"; wait $!; sleep 1; ls -A "$P" | cut -c1-8
            printf other | dd of=big conv=notrunc status=none
            dvm cp big app: && cmp big "$P/big" && ls -A "$P"
            """
        )
        #expect(outcome.output == ".dvm-cp.\nbig\n", "\(outcome.errors)")
        #expect(summary(outcome) == "• 1 file, 40.0 MB")
    }

    /// Both are stopped in the middle: who ends first must not give its name to what the other still writes to.
    @Test func `puts whole files in place when two copies go to one place at a time`() throws {
        let outcome = try run(
            """
            for d in one two; do mkdir "$P/$d"; head -c 60000000 /dev/urandom >"$P/$d/big"; done; chown -R 64101 "$P"/*
            mkdir here
            begin() {
              "$DVM" cp app:$1/big here 2>$1 & pid=$!
              # In steps, or on a busy computer it would be at its end before anybody looked.
              until kill -STOP $pid && [ "$(find here -name '.dvm-cp.*' -size +2000k | wc -l)" = $2 ]; do
                kill -CONT $pid || break; sleep 0.01
              done
            }
            begin one 1; one=$pid; begin two 2; two=$pid
            kill -CONT $one; wait $one; echo $?; cmp here/big "$P/one/big" && echo one
            kill -CONT $two; wait $two; echo $?; cmp here/big "$P/two/big" && echo two; ls -A here
            """
        )
        #expect(outcome.output == "0\none\n0\ntwo\nbig\n", "\(outcome.errors)")
    }

    @Test func `says on Ctrl-C what a shell expects, and leaves what is worth going on with`() throws {
        let outcome = try run(
            """
            head -c 60000000 /dev/urandom >"$P/big"; chown 64101 "$P/big"
            "$DVM" cp app:big got 2>/dev/null &
            until [ "$(stat -c %s .dvm-cp.* 2>/dev/null || echo 0)" -gt 2000000 ]; do sleep 0.02; done
            kill -INT $!; wait $!; echo $?; ls got 2>/dev/null
            dvm cp app:big got && cmp got "$P/big" && ls -A | grep -c dvm-cp
            """
        )
        #expect(outcome.output == "130\n0\n", "\(outcome.errors)")
    }

    // MARK: Faults

    @Test func `leaves no half file where the disk is full`() throws {
        let outcome = try run(
            """
            mkdir disk; head -c 5000000 /dev/urandom >"$P/big"; printf ok >"$P/a"; chown 64101 "$P"/*
            unshare -m /bin/bash -c 'mount -t tmpfs -o size=2m none disk; "$DVM" cp app:a app:big disk; echo $?; ls disk
                mount -o remount,ro disk; "$DVM" cp app:a disk/b; echo $?'
            """
        )
        #expect(outcome.output == "1\na\n1\n", "\(outcome.errors)")
        #expect(outcome.errors.contains("cannot write big: No space left on device\n"))
        #expect(outcome.errors.contains("Read-only file system"))
    }

    @Test(
        arguments: [
            ("cp x app:", "there is no x"), ("cp . app:", "hint: -r copies directories"),
            ("cp app:no .", "there is no "),
            ("cp app:a app:b", "both in a VM"), ("cp x y", "none of these paths is in a VM"),
            ("cp --max-size nonsense app:a .", "is not a size"), ("cp /etc/hosts /etc/passwd app:none", "no directory"),
            ("cp -r --max-size 1MiB app:big .", "--max-size allows more"), ("cp app:.. .", "hint: app says: -r"),
        ]
    )
    func `says what is wrong and what to do`(words: String, text: String) throws {
        let outcome = try run("truncate -s 3M zeros; cat zeros >\"$P/big\"; chown 64101 \"$P/big\"; dvm \(words)")
        #expect(outcome.status == 1 || outcome.status == 64)
        #expect(outcome.errors.contains(text), "\(outcome.errors)")
        #expect(outcome.errors.contains("hint: ") || text.contains("there is no"))
    }

    @Test func `keeps a project open to the agent where access lists are what lets it in`() throws {
        let outcome = try run(
            """
            setfacl -m u:64102:rwx,d:u:64102:rwx,d:g::rwx,d:m::rwx "$P"; mkdir -p t/u; printf x >t/u/f; chmod 600 t/u/f
            cp -r t copied; dvm cp -r t app: && getfacl -cpE "$P/t/u/f" "$P/t/u" | grep 64102; dvm cp -r t app:
            setpriv --reuid 64102 --regid 64102 --clear-groups sh -c 'cat "$0/t/u/f"; echo y >>"$0/t/u/f"' "$P" 2>&1
            """
        )
        #expect(outcome.output.contains("user:64102:rwx\nuser:64102:rwx\ndefault:user:64102:rwx"), "\(outcome.errors)")
        #expect(outcome.errors.contains("1 unchanged"))
    }

    @Test func `copies as the agent, where the homes of its tools are`() throws {
        let state = host.vm.outside("/var/lib/dvm-agent")
        let outcome = try run(
            """
            mkdir -p '\(state)/claude/.claude'; chown 64102 '\(state)/claude/.claude'; printf x >settings.json
            dvm cp --as-agent settings.json app:claude/.claude/ && stat -c %u '\(state)/claude/.claude/settings.json'
            dvm cp --as-agent app:~/claude/.claude/settings.json - ; dvm cp --as-agent settings.json app:claude/x; echo $?
            """
        )
        #expect(outcome.output == "64102\nx1\n", "\(outcome.errors)")
    }

    @Test func `copies ten thousand small files without waiting for each`() throws {
        let outcome = try run(
            """
            mkdir many; for d in $(seq 100); do mkdir many/$d; for f in $(seq 100); do echo $f >many/$d/$f; done; done
            dvm cp -r many app: && dvm cp -r app:many got && diff -r many got && echo same
            """
        )
        #expect(outcome.output == "same\n", "\(outcome.errors)")
    }
}
