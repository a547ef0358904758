import DVMProtocol
import Testing

@testable import dvm_host

@Suite struct `An amount of memory` {
    @Test(arguments: [
        ("4", 4096), ("8GiB", 8192), ("4GB", 4096), ("4G", 4096), ("4g", 4096), ("512MiB", 512), ("512mb", 512),
        ("1TiB", 1 << 20), ("1.5GiB", 1536), ("0.5", 512), ("1.25G", 1280), ("8 GiB", 8192), ("080", 80 << 10),
    ])
    func `is read with and without a unit`(text: String, mebibytes: Int) throws {
        #expect(try MemorySize(text).mebibytes == mebibytes)
    }

    @Test(arguments: [
        "", "x", "GiB", "4 apples", "-4", "+4", "4..5", ".5", "4.", "4KiB", "1e3", "0", "0.0001", "1.2345",
        "99999999999999999999", "9999999TiB", "٤", "4GiBB", "0.1MiB",
    ])
    func `is refused when it is none`(text: String) {
        #expect(throws: Refusal.self) { try MemorySize(text) }
    }

    @Test(arguments: [("4", "4GiB"), ("1.5", "1536MiB"), ("512MiB", "512MiB"), ("1TiB", "1024GiB")])
    func `is written as Lima reads it`(text: String, written: String) throws {
        #expect(try MemorySize(text).description == written)
    }
}

@Suite struct `A port forward` {
    @Test(arguments: [
        ("3000:3000", PortForward(host: 3000, guest: 3000)),
        ("1:65535", PortForward(host: 1, guest: 65535)),
        ("0.0.0.0:8080:80", PortForward(address: "0.0.0.0", host: 8080, guest: 80)),
        ("[::1]:8080:80", PortForward(address: "::1", host: 8080, guest: 80)),
        ("127.0.0.1:8080:80", PortForward(host: 8080, guest: 80)),
    ])
    func `is read with and without an address`(text: String, forward: PortForward) throws {
        #expect(try PortForward(text) == forward)
        #expect(try PortForward(forward.description) == forward)
    }

    @Test(arguments: [
        "", "80", "80:", ":80", "0:80", "80:0", "65536:80", "80:99999999999999999999", "-1:80", "+1:80", "80:80:80",
        "80:80/udp", "a:80", "localhost:80:80", "127.1:80:80", "256.0.0.1:80:80", "::1:80:80", "[::1]:80", "[x]:80:80",
        "[127.0.0.1]:80:80", "[::1:80:80", "1.2.3.4:80:80:80", " 80:80", "80:80\n", "٣:80",
    ])
    func `is refused when it is none`(text: String) {
        #expect(throws: Refusal.self) { try PortForward(text) }
    }

    @Test(arguments: [
        ("80:80 80:81", false), ("80:80 81:80", true), ("127.0.0.1:80:80 127.0.0.2:80:80", true),
        ("0.0.0.0:80:80 127.0.0.2:80:80", false), ("127.0.0.1:80:80 [::]:80:80", false), ("80:80 80:80", false),
    ])
    func `shares its port of the host with no other`(text: String, isFine: Bool) throws {
        let forwards = try text.split(separator: " ").map { try PortForward(String($0)) }
        if isFine {
            try PortForward.check(forwards)
        } else {
            #expect(throws: Refusal.self) { try PortForward.check(forwards) }
        }
    }
}

@Suite struct `A template` {
    @Test(arguments: [
        ("fedora", "template:_images/fedora"), ("ubuntu-24.04", "template:_images/ubuntu-24.04"),
        ("template:_images/debian-12", "template:_images/debian-12"), ("template://debian", "template:debian"),
        ("/home/me/my image.yaml", "/home/me/my image.yaml"),
    ])
    func `is an image of Lima's or a file`(text: String, base: String) throws {
        #expect(try Template(text).base == base)
    }

    @Test(arguments: [
        "./x.yaml", "x.yaml/y", "https://example.com/x.yaml", "template:", "template:../x", "template:a b", "a\nb: c",
        "-x", "Fedora",
    ])
    func `is refused when it is neither`(text: String) {
        #expect(throws: Refusal.self) { try Template(text) }
    }
}
