import Foundation
import Testing

@Suite(.serialized) struct `Copying where something is in the way` {
    private let host: HostProgram
    /// The project, as this process reaches it.
    private let project: String

    init() throws {
        host = try HostProgram()
        project = host.vm.outside(host.vm.project)
    }

    /// Runs a script in which `$P` is the project, and `swap A B` gives two entries of one directory each other's name,
    /// again and again until it is killed (SIGKILL: others are blocked in what a test starts).
    private func run(_ script: String) throws -> HostProgram.Outcome {
        try host.run(
            """
            P='\(project)'
            swap() {
              exec python3 -c 'import ctypes, os, sys
            a, b = map(os.fsencode, sys.argv[1:])
            libc = ctypes.CDLL(None)
            # RENAME_EXCHANGE of renameat2(2), from the directory we are in.
            while libc.renameat2(-100, a, -100, b, 2) == 0: pass' "$@"
            }
            \(script)
            """
        )
    }

    // MARK: The destination

    @Test func `does not write through a link, and says what to do instead`() throws {
        let outcome = try run(
            """
            mkdir away; printf keep >kept; ln -s away link; ln -s kept file; ln -s nowhere dangling
            printf new >"$P/a"; mkdir "$P/d"; printf new >"$P/d/x"; chown -R 64101 "$P"/*
            for to in link link/ file dangling; do dvm cp -r app:a $to; echo $?; dvm cp -r app:d $to; echo $?; done
            ls -A away; cat kept; ls nowhere 2>&1 | grep -c No
            """
        )
        #expect(outcome.output == String(repeating: "1\n", count: 8) + "keep1\n", "\(outcome.errors)")
        #expect(outcome.errors.split(separator: "\n").count { $0.hasSuffix(" is a link") } == 8)
        #expect(outcome.errors.contains("hint: name what it leads to: nothing is written through a link"))
    }

    @Test func `replaces a file by a file only, and a directory by nothing`() throws {
        let outcome = try run(
            """
            printf old >file; mkdir dir; mkfifo pipe
            printf new >"$P/a"; mkdir -p "$P/d" "$P/t/file"; printf new >"$P/t/dir"; chown -R 64101 "$P"/*
            dvm cp app:a file && cat file; echo
            dvm cp -r app:d file; echo $?; dvm cp -r app:d file/; echo $?; dvm cp app:a pipe; echo $?
            dvm cp app:a file/deeper; echo $?
            dvm cp -r app:t/. .; echo $?; stat -c %F file dir pipe; dvm cp -r app:a app:d dir && ls dir
            """
        )
        #expect(
            outcome.output == "new\n1\n1\n1\n1\n1\nregular file\ndirectory\nfifo\na\nd\n",
            "\(outcome.errors)"
        )
        #expect(outcome.errors.contains("not copied: file: a file of that name is in its place"))
        #expect(outcome.errors.contains("not copied: dir: a directory of that name is in its place"))
    }

    @Test func `leaves no half file where there is no room for it, on either side`() throws {
        let outcome = try run(
            """
            head -c 5000000 /dev/urandom >big; cp big "$P/big"; printf ok >a; cp a "$P/a"; chown 64101 "$P"/*
            export D; D=$(mktemp -d /var/tmp/dvm-copy.XXXXXX)
            unshare -m /bin/bash -c 'mount -t tmpfs -o size=3m,mode=777 none $D
                "$DVM" cp app:a app:big $D; echo $?; ls -A $D; rm $D/a
                "$DVM" cp a big app:$D; echo $?; ls -A $D; rm $D/a
                mount -o remount,ro $D; "$DVM" cp app:a $D; echo $?; "$DVM" cp a app:$D; echo $?; ls -A $D'
            rmdir $D
            """
        )
        #expect(outcome.output == "1\na\n1\na\n1\n1\n", "\(outcome.errors)")
        #expect(outcome.errors.split(separator: "\n").count { $0.contains("No space left on device") } == 2)
        #expect(outcome.errors.split(separator: "\n").count { $0.contains("Read-only file system") } == 2)
        #expect(outcome.errors.contains("the same command goes on from there"))
    }

    @Test func `leaves no half file where one may not be so long`() throws {
        let outcome = try run(
            """
            mkdir d "$P/d"; head -c 5000000 /dev/urandom >"$P/d/big"; printf ok >"$P/d/small"; chown -R 64101 "$P/d"
            (ulimit -f 3000; dvm cp -r app:d .); echo $?; ls -A d
            """
        )
        #expect(outcome.output == "1\nsmall\n", "\(outcome.errors)")
        #expect(outcome.errors.contains("not copied: d/big: File too large"))
    }

    @Test func `leaves no half file where nobody may write`() throws {
        let outcome = try run(
            """
            D=$(mktemp -d /var/tmp/dvm-copy.XXXXXX); printf x >a; mkdir -p t/closed; printf x >t/closed/b
            dvm cp a app:$D/; echo $?; dvm cp a app:$D/new/deep/; echo $?; dvm cp -r t app:; echo $?
            chmod 500 "$P/t/closed"; rm -r "$P/t/closed"; mkdir "$P/t/closed"; chmod 755 "$P/t/closed"
            dvm cp -r t app:; echo $?; find $D "$P" -mindepth 1 -name '*dvm*'; rmdir $D
            """
        )
        #expect(outcome.output == "1\n1\n0\n1\n", "\(outcome.errors)")
        #expect(outcome.errors.contains("Permission denied"))
        #expect(outcome.errors.contains("not copied: t/closed"))
    }

    @Test func `stays below the destination while directories of it are swapped for links`() throws {
        let outcome = try run(
            """
            mkdir -p "$P/t/d" here/t/d canary; for n in $(seq 200); do echo $n >"$P/t/d/$n"; done; chown -R 64101 "$P/t"
            ln -s ../../canary here/t/l
            (cd here/t && swap d l) & pid=$!
            for n in 1 2 3 4 5; do
              dvm cp -r app:t here 2>>said; echo $? >>statuses; find here -name '[0-9]*' -delete 2>/dev/null
            done
            ls -A canary | wc -l
            # That is what becomes of names that are looked up.
            for n in $(seq 200); do echo $n >here/t/d/$n; done 2>/dev/null; ls -A canary | grep -c .
            kill -KILL $pid; find here/t -name '.dvm-cp.*'; sort -u statuses >sorted; grep -vx '[01]' sorted
            """
        )
        let lines = outcome.output.split(separator: "\n")
        try #require(lines.count == 2, "\(outcome.output) \(outcome.errors)")
        #expect(lines[0] == "0")
        #expect(lines[1] != "0")
    }

    // MARK: The source

    @Test func `reads nothing outside while directories of the source are swapped for links`() throws {
        let outcome = try run(
            """
            mkdir -p "$P/t/d" "$P/../../hidden"; ln -s ../../../hidden "$P/t/l"
            for n in $(seq 200); do echo fine >"$P/t/d/$n"; echo secret >"$P/../../hidden/$n"; done
            chown -hR 64101 "$P/t" "$P/../../hidden"
            (cd "$P/t" && swap d l) & pid=$!
            for n in 1 2 3 4 5; do dvm cp -r app:t got$n 2>/dev/null; done
            grep -rl secret got* | wc -l
            # That is what becomes of names that are looked up.
            for n in $(seq 200); do cat "$P/t/d/$n"; done | grep -c secret
            kill -KILL $pid
            """
        )
        let lines = outcome.output.split(separator: "\n")
        try #require(lines.count == 2, "\(outcome.output) \(outcome.errors)")
        #expect(lines[0] == "0")
        #expect(lines[1] != "0")
    }

    @Test func `copies a file that others write to as it was at one moment, or not at all`() throws {
        let outcome = try run(
            """
            head -c 8000000 /dev/zero | tr '\\0' a >a; head -c 8000000 /dev/zero | tr '\\0' b >b; head -c 4000000 a >half
            cp a "$P/replaced"; cp a "$P/grown"; cp a "$P/shrunk"; chown 64101 "$P"/*
            (while :; do for v in b a; do cp $v new; mv new "$P/replaced"; done; done) & one=$!
            (while :; do head -c 1000 b >>"$P/grown"; done) & two=$!
            (while :; do truncate -s 4000000 "$P/shrunk"; cat a >"$P/shrunk"; done) & three=$!
            for n in 1 2 3 4 5; do
              mkdir $n; dvm cp app:replaced app:grown app:shrunk $n 2>$n/said; echo $? >$n/status
              if [ -e $n/replaced ]; then cmp $n/replaced a || cmp $n/replaced b || echo mixed; fi
              if [ -e $n/grown ]; then head -c 8000000 $n/grown | cmp - a || echo wrong; fi
              if [ -e $n/shrunk ]; then cmp $n/shrunk a || cmp -n "$(stat -c %s $n/shrunk)" $n/shrunk a || echo torn; fi
              should=0
              for f in replaced grown shrunk; do
                [ -e $n/$f ] && continue
                should=1; grep -q "not copied: $f: it changed while it was read" $n/said || echo silent
              done
              [ "$(cat $n/status)" = $should ] || echo "status $(cat $n/status)"; find $n -name '.dvm-cp.*'
            done
            kill -KILL $one $two $three; wait 2>/dev/null; cat ?/said | grep -c .
            """
        )
        let lines = outcome.output.split(separator: "\n").filter { !$0.contains(" differ: ") }
        #expect(lines.count == 1 && outcome.status == 0, "\(outcome.output) \(outcome.errors)")
    }

    @Test func `passes over files that went away, and does not wait for what is no file`() throws {
        let outcome = try run(
            """
            mkfifo "$P/pipe"; mkdir "$P/t"; printf x >"$P/t/x"; mkfifo "$P/t/pipe"; chown -R 64101 "$P"/*
            dvm cp app:pipe . ; echo $?; dvm cp pipe app: ; echo $?; dvm cp -r app:t . ; echo $?; ls t
            mkfifo pipe; dvm cp pipe app:x; echo $?; dvm cp - app:from <pipe & printf z >pipe; wait $!; cat "$P/from"
            """
        )
        #expect(outcome.output == "1\n1\n0\nx\n1\nz", "\(outcome.errors)")
        #expect(outcome.errors.contains("pipe in the VM is neither a file nor a directory"))
    }

    // MARK: Paths

    @Test(arguments: [
        "~/in-home", "/home/developer/in-home", "../../in-home", "./d/../../../in-home", "~/code/../in-home",
        "d//..//../../in-home", "~//in-home",
    ])
    func `finds what a person means by a path in the VM`(path: String) throws {
        let outcome = try run(
            """
            H="$P/../.."; printf home >"$H/in-home"; chown 64101 "$H/in-home"; mkdir "$P/d"
            dvm cp 'app:\(path)' . && cat in-home && printf new >in-home && dvm cp in-home 'app:\(path)' && cat "$H/in-home"
            """
        )
        #expect(outcome.output == "homenew", "\(outcome.errors)")
    }

    @Test(arguments: ["", ".", "./", "~/code/app", "/home/developer/code/app/", "d/.."])
    func `finds the code directory`(path: String) throws {
        let outcome = try run(
            """
            printf x >'a:b'; mkdir "$P/d"; dvm cp './a:b' 'app:\(path)' && cat "$P/a:b"
            mkdir there; dvm cp -r 'app:\(path)' there && find there -type f
            """
        )
        let names = ["xthere/app/a:b\n", "xthere/a:b\n"]
        #expect(names.contains(outcome.output), "\(outcome.output) \(outcome.errors)")
    }

    @Test func `takes no more than it is told, on the way in and out`() throws {
        let outcome = try run(
            """
            head -c 3000000 /dev/zero >big; cp big "$P/big"; chown 64101 "$P/big"; truncate -s 3M holes
            dvm cp --max-size 1MiB app:big got; echo $?; dvm cp --max-size 1MiB big app:new; echo $?
            head -c 3000000 /dev/zero | dvm cp --max-size 1MiB - app:new; echo $?
            dvm cp --max-size 1MiB app:big - | wc -c
            dvm cp --max-size 1MiB holes app:new && stat -c %s "$P/new"; ls -A got 2>/dev/null; ls -A "$P"
            """
        )
        #expect(outcome.output == "1\n1\n1\n0\n3145728\nbig\nnew\n", "\(outcome.errors)")
        #expect(outcome.errors.split(separator: "\n").count { $0.contains("--max-size allows more") } == 4)
    }

    /// The kernel says what is in such a directory to those only who may trace its process.
    @Test func `tells of a directory that it cannot read to its end`() throws {
        let outcome = try run(
            """
            setpriv --bounding-set -sys_ptrace ls /proc/1/map_files >/dev/null 2>&1 && echo readable
            setpriv --bounding-set -sys_ptrace "$DVM" cp -r /proc/1/map_files app:; echo $?; ls -A "$P"
            """
        )
        #expect(outcome.output == "1\n", "\(outcome.errors)")
        #expect(outcome.errors.contains("cannot read /proc/1/map_files: Permission denied"), "\(outcome.errors)")
    }

    // MARK: Cut short

    /// A Ctrl-C reaches whoever writes into the pipe, too, and that end of the stream is none of what was to be copied.
    @Test func `keeps the file that was there when a stream is cut short`() throws {
        let outcome = try run(
            """
            printf old >"$P/from"; chown 64101 "$P/from"; mkfifo pipe
            part() { ls "$P"/.dvm-cp.* >/dev/null 2>&1; }
            begin() {
              "$DVM" cp - app:from <pipe 2>/dev/null & pid=$!; exec 3>pipe; head -c 400000 /dev/zero >&3
              until part; do sleep 0.02; done
            }
            end() { wait $pid; echo $?; while part; do sleep 0.02; done; }
            # While it waits for more; and with the end of the stream at the same moment.
            begin; kill -INT $pid; end; exec 3>&-
            begin; kill -STOP $pid; exec 3>&-; kill -INT $pid; kill -CONT $pid; end
            ls -A "$P"; cat "$P/from"; printf whole | dvm cp - app:from && cat "$P/from"
            """
        )
        #expect(outcome.output == "130\n130\nfrom\noldwhole", "\(outcome.errors)")
    }

    /// Reading takes a terminal's end of input away: what is typed after it may be read as well, and is for the shell.
    @Test func `ends what is typed with Ctrl-D`() throws {
        let outcome = try run(
            """
            python3 -c 'import os, pty, subprocess, sys
            outside, inside = pty.openpty()
            os.write(outside, b"typed\\n\\x04")
            program = subprocess.Popen(sys.argv[1:], stdin=inside)
            try: print(program.wait(timeout=20), flush=True)
            except subprocess.TimeoutExpired: print("hangs", flush=True), program.terminate()' "$DVM" cp - app:typed
            cat "$P/typed"
            """
        )
        #expect(outcome.output == "0\ntyped\n", "\(outcome.errors)")
    }

    /// As nohup(1) starts it: the terminal may go.
    @Test func `goes on after a hangup that it was started not to hear`() throws {
        let outcome = try run(
            """
            head -c 40000000 /dev/urandom >big
            (trap '' HUP; exec "$DVM" cp big app:) 2>/dev/null &
            until [ "$(stat -c %s "$P"/.dvm-cp.* 2>/dev/null || echo 0)" -gt 2000000 ]; do sleep 0.02; done
            kill -HUP $!; wait $!; echo $?; cmp big "$P/big"; ls -A "$P"
            """
        )
        #expect(outcome.output == "0\nbig\n", "\(outcome.errors)")
    }

    @Test(arguments: [("INT", 130), ("TERM", 143), ("HUP", 129)])
    func `has no half file under its name after`(signal: String, status: Int) throws {
        let outcome = try run(
            """
            head -c 40000000 /dev/urandom >big; printf s >small
            "$DVM" cp small big app:new/ 2>/dev/null &
            until [ "$(stat -c %s "$P"/new/.dvm-cp.* 2>/dev/null || echo 0)" -gt 2000000 ]; do sleep 0.02; done
            kill -\(signal) $!; wait $!; echo $?
            # The guest's end of it ends with the link.
            sleep 0.5; ls "$P/new"
            dvm cp small big app:new/ && cmp big "$P/new/big" && ls -A "$P/new"
            """
        )
        #expect(outcome.output == "\(status)\nsmall\nbig\nsmall\n", "\(outcome.errors)")
        #expect(!outcome.errors.contains("40.0 MB"), "it went on where it was")
    }
}
