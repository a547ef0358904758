internal import DVMProtocol

/// Throughput of the frame coder alone, printed as one number: bytes of payload encoded and decoded again per second.
@main
enum Benchmarks {
    static func main() {
        let payload = [UInt8](repeating: 0x2A, count: Frame.largestData)
        let rounds = 32_000
        var decoder = FrameDecoder(from: .guest)
        var wire: [UInt8] = []
        var bytes = 0
        let start = ContinuousClock.now
        for _ in 0..<rounds {
            wire.removeAll(keepingCapacity: true)
            Frame(.output, channel: 1, payload: payload).append(to: &wire)
            decoder.feed(wire[...])
            while let frame = try? decoder.next() { bytes += frame.payload.count }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        print(Double(bytes) / seconds)
    }
}
