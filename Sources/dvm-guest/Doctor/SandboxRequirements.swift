internal import DVMProtocol

/// What the launcher refuses to start without, looked at before anyone starts anything.
enum SandboxRequirements {
    static func checks() -> [DoctorReport.Check] {
        [
            check("bubblewrap", "root's, and without rights of its own") { () throws(Refusal) in try Bubblewrap.check()
            },
            check("user namespaces", "an ordinary user may make one") { () throws(Refusal) in try UserNamespaces.check()
            },
        ]
    }

    private static func check(_ name: String, _ found: String, _ body: () throws(Refusal) -> Void) -> DoctorReport.Check
    {
        do throws(Refusal) {
            try body()
            return DoctorReport.Check(name, .pass, found)
        } catch {
            return Diagnosis.failed(name, error)
        }
    }
}
