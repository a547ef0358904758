internal import DVMProtocol

/// A client of the proxy, until its server is known.
extension GateConnection {
    /// Takes in a part of the head of a request.
    func readHead(_ before: [UInt8], _ buffer: inout [UInt8], _ context: GateContext) {
        switch Reading.from(client.raw, into: &buffer, limit: ProxyRequest.largestHead) {
        case .nothing: return
        case .end: isOver = true
        case .bytes(let more):
            let bytes = before + more
            guard let end = ProxyRequest.end(of: bytes, from: before.count) else {
                if bytes.count >= ProxyRequest.largestHead { answer(431, "the head is too long") }
                phase = isAnswering ? phase : .head(bytes)
                return
            }
            guard end <= ProxyRequest.largestHead else { return answer(431, "the head is too long") }
            do throws(ProxyRequest.Fault) {
                let request = try ProxyRequest(bytes[..<end])
                self.request = request
                start(request, rest: Array(bytes[end...]), context)
            } catch {
                context.journal.refuse("the proxy with a request it does not take", why: error.text, remedy: nil)
                answer(error.status, error.text)
            }
        }
    }

    private var isAnswering: Bool { if case .answering = phase { true } else { false } }

    private func start(_ request: ProxyRequest, rest: [UInt8], _ context: GateContext) {
        switch request.form {
        case .tunnel: early = rest
        case .plain(let head, let body):
            up.outbox.append(head)
            // What follows the body would be another request, which nobody has looked at.
            up.left = body
            let start = rest.prefix(body)
            up.outbox.append(start)
            up.take(start.count)
        }
        if let address = IPAddress(request.host) {
            let rule = HostRule(host: request.host, port: request.port)
            guard context.rules.named.contains(rule) else {
                return refuse(request, context.rules.host(request.host, port: request.port), context)
            }
            return choose([address], request, context)
        }
        let verdict = context.rules.host(request.host, port: request.port)
        guard verdict == .allowed else { return refuse(request, verdict, context) }
        look(up: request, context)
    }

    /// Looks a host up, as soon as not too many are being looked up.
    func look(up request: ProxyRequest, _ context: GateContext) {
        if case .lookup = phase {} else { deadline = .now + Self.patience }
        guard context.lookups < GateContext.mostLookups else {
            phase = .lookup(nil, request)
            return
        }
        do throws(Refusal) {
            phase = .lookup(try NameLookup(request.host), request)
            context.lookups += 1
        } catch {
            answer(502, error.message)
        }
    }

    /// Takes the addresses of a host that may be connected to.
    func choose(_ addresses: [IPAddress], _ request: ProxyRequest, _ context: GateContext) {
        var closed: DestinationRules.Answer?
        for address in addresses {
            let end = Endpoint(address, request.port)
            let verdict = context.rules.address(end, isNear: context.isNear)
            if verdict == .allowed { candidates.append(end) } else { closed = closed ?? verdict }
        }
        guard !candidates.isEmpty else {
            guard let closed else { return answer(502, "there is no host \(request.host)") }
            return refuse(request, closed, context)
        }
        context.journal.allow("\(request.host):\(request.port)")
        phase = .dialling
        dialNext(context)
    }

    private func refuse(_ request: ProxyRequest, _ verdict: DestinationRules.Answer, _ context: GateContext) {
        guard case .refused(let why, let remedy) = verdict else { return }
        let target = "\(request.host):\(request.port)"
        context.journal.refuse(target, why: why, remedy: remedy)
        let advice = remedy.map { "\n\(GateJournal.advice($0))" } ?? ""
        answer(403, "dvm refuses a connection to \(target): \(why)\(advice)")
    }

    /// Tells the client what went wrong, where it understands us; others see a connection that fails.
    func answer(_ status: Int, _ text: String) {
        guard place == .vm, request != nil || isReadingHead else {
            Sockets.closeAbruptly(client.raw)
            isOver = true
            return
        }
        let body = text + "\n"
        down.outbox.append(
            Array(
                """
                HTTP/1.1 \(status) \(status == 403 ? "Forbidden" : "Refused")\r
                Content-Type: text/plain; charset=utf-8\r
                Content-Length: \(body.utf8.count)\r
                Connection: close\r
                \r
                \(body)
                """.utf8
            )
        )
        down.left = 0
        down.finish()
        up = GateFlow()
        phase = .answering
        deadline = .now + .seconds(5)
        if !down.write(to: client.raw) { isOver = true }
    }

    private var isReadingHead: Bool { if case .head = phase { true } else { false } }
}
