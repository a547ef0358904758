import DVMProtocol
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

/// Something people's tools do every day, as a shell script that ends with 0 when it works.
struct EverydayWork: Sendable, CustomTestStringConvertible {
    var name: String
    /// Profiles of system calls in which it is known not to work.
    var except: Set<AgentPolicy.SystemCalls> = []
    var terminal = false
    var script: String

    var testDescription: String { name }

    /// What belongs to `make test`.
    static let all: [Self] = [
        Self(
            name: "git",
            script: #"""
                git init -q repo && cd repo && git config user.name me && git config user.email me@example.org
                echo one > file && git add file && git commit -qm one
                git status --porcelain && git branch side && git switch -q side
                echo two > file && git stash -q && git stash pop -q && git commit -qam two
                git switch -q - && git merge -q side && git worktree add -q ../tree side && git -C ../tree status
                git clone -q . ../clone && git -C ../clone log --oneline | grep -c . | grep -qx 2 && git gc -q
                """#
        ),
        Self(
            name: "a virtual environment of Python, with pip",
            script: #"""
                /usr/bin/python3 -m venv venv && . venv/bin/activate
                mkdir -p package/src && cd package
                printf '[project]\nname = "mine"\nversion = "1.0"\n' > pyproject.toml
                python - <<'END'
                import zipfile
                with zipfile.ZipFile("mine-1.0-py3-none-any.whl", "w") as wheel:
                    wheel.writestr("mine.py", "answer = 42\n")
                    wheel.writestr("mine-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
                    wheel.writestr("mine-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
                    wheel.writestr("mine-1.0.dist-info/RECORD", "")
                END
                pip install -q --no-index --no-deps ./mine-1.0-py3-none-any.whl
                test "$(python -c 'import mine; print(mine.answer)')" = 42
                """#
        ),
        Self(
            name: "processes, locks and shared memory of Python",
            script: #"""
                /usr/bin/python3 - <<'END'
                import asyncio, multiprocessing, os, pty, shutil
                from multiprocessing import shared_memory
                def square(x): return x * x
                if __name__ == "__main__":
                    with multiprocessing.Pool(4) as pool:
                        assert pool.map(square, range(5)) == [0, 1, 4, 9, 16]
                    memory = shared_memory.SharedMemory(create=True, size=4096)
                    memory.buf[0] = 7
                    memory.close(); memory.unlink()
                    async def talk():
                        async def answer(reader, writer):
                            writer.write(await reader.readline()); await writer.drain(); writer.close()
                        server = await asyncio.start_unix_server(answer, "/tmp/socket")
                        reader, writer = await asyncio.open_unix_connection("/tmp/socket")
                        writer.write(b"hello\n")
                        assert await reader.readline() == b"hello\n"
                        server.close()
                    asyncio.run(talk())
                    assert pty.spawn(["true"]) == 0
                    os.makedirs("tree/deep"); shutil.copytree("tree", "copy")
                END
                """#
        ),
        Self(
            name: "node with workers and a server",
            script: #"""
                cat > main.js <<'END'
                const { Worker, isMainThread, parentPort } = require("worker_threads");
                const http = require("http"), fs = require("fs");
                if (!isMainThread) { parentPort.postMessage(6 * 7); return; }
                new Worker(__filename).on("message", (answer) => {
                  const server = http.createServer((_, response) => response.end(String(answer))).listen(0, "127.0.0.1", () => {
                    http.get({ port: server.address().port, host: "127.0.0.1" }, (response) => {
                      response.on("data", (data) => {
                        const watch = fs.watch(".", () => { watch.close(); server.close(); process.exit(String(data) === "42" ? 0 : 1); });
                        fs.writeFileSync("changed", "");
                      });
                    });
                  });
                });
                END
                node main.js && node -e 'require("os").networkInterfaces()'
                """#
        ),
        Self(
            name: "make -j and the compiler",
            script: #"""
                for i in 1 2 3 4 5 6; do echo "int f$i(void) { return $i; }" > f$i.c; done
                printf 'int f1(void), f6(void);\nint main(void) { return f1() + f6() - 7; }\n' > main.c
                printf 'OBJECTS := $(patsubst %%.c,%%.o,$(wildcard *.c))\nmain: $(OBJECTS)\n\tcc -o $@ $^\n' > Makefile
                make -s -j4 && ./main
                """#
        ),
        Self(
            name: "sqlite with a write-ahead log",
            script: #"""
                sqlite3 data.db 'PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES(1),(2);' | grep -qx wal
                test "$(sqlite3 data.db 'SELECT sum(x) FROM t')" = 3
                """#
        ),
        Self(
            name: "tmux",
            script: #"""
                tmux -f /dev/null -S /tmp/tmux new-session -d -x 80 -y 24 'echo inside; sleep 30' && sleep 0.5
                tmux -S /tmp/tmux capture-pane -p | grep -qx inside && tmux -S /tmp/tmux kill-server
                """#
        ),
        Self(
            name: "a server and a client on its own loopback",
            script: #"""
                echo served > page && /usr/bin/python3 -m http.server --bind 127.0.0.1 8123 >/dev/null 2>&1 & server=$!
                for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
                    answer=$(/usr/bin/python3 -c 'import urllib.request as r; print(r.urlopen("http://127.0.0.1:8123/page").read().decode(), end="")' 2>/dev/null) && break
                    sleep 0.2
                done
                kill $server; test "$answer" = served
                """#
        ),
        Self(
            name: "copies and archives that keep everything",
            script: #"""
                mkdir -p tree/deep && echo x > tree/deep/file && ln -s deep/file tree/link && ln tree/deep/file tree/hard
                chmod 751 tree/deep && cp -a tree copy && cp -p tree/deep/file kept && install -m 755 kept installed
                tar -cf tree.tar tree && mkdir out && tar -xpf tree.tar -C out && diff -r tree out/tree && mv out/tree moved
                """#
        ),
        Self(
            name: "locks of files",
            script: "touch lock && flock lock sh -c '! flock -n lock true' && flock -n lock true"
        ),
        Self(name: "ssh's configuration", script: "ssh -G example.org | grep -qx 'user dvm-agent'"),
        Self(
            name: "strace",
            except: [.strict],
            script: "strace -f -o trace true && grep -q execve trace"
        ),
        Self(
            name: "gdb",
            except: [.strict],
            script: #"""
                echo 'int main(void) { return 3; }' > main.c && cc -g -o main main.c
                gdb -q -batch -ex 'break main' -ex run -ex continue ./main 2>&1 | grep -q 'exited with code 03'
                """#
        ),
        Self(
            name: "job control",
            terminal: true,
            script: #"""
                bash -ic 'sleep 30 & kill -STOP %1; sleep 0.2; jobs | grep -q Stopped && kill %1 && bg %1 >/dev/null; wait; true'
                """#
        ),
        Self(
            name: "what looks at the system",
            script: "ps -e >/dev/null && ip addr >/dev/null && id && getent hosts localhost && df . >/dev/null"
        ),
    ]
}

extension EverydayWork {
    /// What needs toolchains of many hundred megabytes, and belongs to `make test-all`.
    static let heavy: [Self] = [
        Self(
            name: "cargo",
            script: #"""
                cargo new -q --vcs none mine && cd mine && cargo build -q --offline && ./target/debug/mine | grep -q Hello
                cargo test -q --offline
                """#
        ),
        Self(
            name: "go",
            script: #"""
                export GOFLAGS=-mod=mod GOTOOLCHAIN=local && go mod init -q example.org/mine 2>/dev/null || go mod init example.org/mine
                printf 'package main\nimport ("fmt"; "net/http"; "net/http/httptest"; "io")\nfunc main() {\n' > main.go
                printf 's := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, 42) }))\n' >> main.go
                printf 'r, err := http.Get(s.URL)\nif err != nil { panic(err) }\nb, _ := io.ReadAll(r.Body)\nfmt.Print(string(b))\n}\n' >> main.go
                go vet ./... && go build -race=false -o mine . && test "$(./mine)" = 42
                """#
        ),
        Self(
            name: "java",
            script: #"""
                printf 'public class Main { public static void main(String[] a) throws Exception {\n' > Main.java
                printf 'var t = new Thread(() -> System.out.print(42)); t.start(); t.join(); } }\n' >> Main.java
                javac Main.java && test "$(java -Xmx128m Main)" = 42
                """#
        ),
    ]
}

@Suite struct `Everyday work in the sandbox` {
    static let every: [(EverydayWork, AgentPolicy.SystemCalls)] = AgentPolicy.SystemCalls.allCases.flatMap { profile in
        EverydayWork.all.filter { !$0.except.contains(profile) }.map { ($0, profile) }
    }

    @Test(arguments: every) func `goes on`(work: EverydayWork, profile: AgentPolicy.SystemCalls) throws {
        let outcome = try Self.run(work, profile)
        #expect(outcome.opened)
        #expect(outcome.exit == .exited(0), "\(outcome.output)")
    }

    /// What is said not to work must not be said in vain.
    @Test(
        arguments: EverydayWork.all.flatMap { work in work.except.map { (work, $0) } }
    )
    func `fails where it is said to`(work: EverydayWork, profile: AgentPolicy.SystemCalls) throws {
        #expect(try Self.run(work, profile).exit != .exited(0))
    }

    static func run(_ work: EverydayWork, _ profile: AgentPolicy.SystemCalls) throws -> SandboxRun.Outcome {
        let stage = try SandboxStage()
        var policy = AgentPolicy()
        policy.systemCalls = profile
        let script = "set -e\nexport HOME=/tmp/home; mkdir -p $HOME\n" + work.script
        return try SandboxRun.run(
            stage.agent(["/bin/bash", "-c", script], terminal: work.terminal, policy: policy)
        )
    }
}

@Suite struct `Heavy toolchains in the sandbox` {
    @Test(arguments: EverydayWork.heavy, AgentPolicy.SystemCalls.allCases)
    func `work`(work: EverydayWork, profile: AgentPolicy.SystemCalls) throws {
        let outcome = try `Everyday work in the sandbox`.run(work, profile)
        #expect(outcome.opened)
        #expect(outcome.exit == .exited(0), "\(outcome.output)")
    }
}
