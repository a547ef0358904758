/// The host's first frame.
public struct Hello: Hashable, Codable, Sendable {
    /// The versions the host speaks.
    public var versions: ProtocolVersion.Span
    /// The host's clock, in seconds since 1970: in plain mode nothing else sets a guest's clock after the host slept.
    public var time: Double

    /// A greeting at a time.
    public init(versions: ProtocolVersion.Span = ProtocolVersion.spoken, time: Double) {
        self.versions = versions
        self.time = time
    }
}

/// The guest's answer to `Hello`.
public struct Welcome: Hashable, Codable, Sendable {
    /// The versions the guest speaks.
    public var versions: ProtocolVersion.Span
    /// Which build answers: the linker's build id of its executable, in hexadecimal.
    public var build: String
    /// What the VM is.
    public var facts: Facts
    /// Seconds by which the guest's clock was stepped to follow the host's; absent when it was left alone.
    public var clockStep: Double?

    /// An answer.
    public init(
        versions: ProtocolVersion.Span = ProtocolVersion.spoken,
        build: String,
        facts: Facts,
        clockStep: Double? = nil
    ) {
        self.versions = versions
        self.build = build
        self.facts = facts
        self.clockStep = clockStep
    }

    /// What a VM is.
    public struct Facts: Hashable, Codable, Sendable {
        /// `ID` of os-release, such as `debian`.
        public var distribution: String
        /// `VERSION_ID` of os-release, such as `12`; empty when there is none.
        public var release: String
        /// What uname calls the machine, such as `x86_64` or `aarch64`.
        public var architecture: String
        /// The kernel's release, such as `6.1.0-42-cloud-amd64`.
        public var kernel: String
        /// The name of the VM whose identity it has: that of another in a copy that has none of its own yet; absent where
        /// that was never recorded.
        public var identity: String?

        /// Facts about a VM.
        public init(
            distribution: String,
            release: String,
            architecture: String,
            kernel: String,
            identity: String? = nil
        ) {
            self.distribution = distribution
            self.release = release
            self.architecture = architecture
            self.kernel = kernel
            self.identity = identity
        }
    }
}
