internal import ArgumentParser
internal import DVMProtocol

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show which build of the guest program this is")

    func run() {
        print("dvm-guest \(Release.version) (protocol \(ProtocolVersion.spoken.newest.rawValue), build \(BuildID.own))")
    }
}
