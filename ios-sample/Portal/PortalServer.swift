import Foundation
import PforteApple

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The portal's server. Tokens, their renewal and the answer to a refused one stay inside of `Pforte.data(for:)`.
struct PortalServer: Sendable {
    let pforte: Pforte
    let origin: String

    /// What people wrote about a hotel.
    func reviews(of hotel: Hotel) async throws -> [Review] {
        let all = try JSONDecoder().decode([Review].self, from: try await send("GET", "/portal/reviews"))
        return all.filter { $0.hotel == hotel.id }
    }

    /// Publishes a review.
    func post(_ text: String, stars: Int, of hotel: Hotel) async throws {
        struct Written: Encodable {
            let hotel, text: String
            let stars: Int
        }
        try await send("POST", "/portal/reviews", Written(hotel: hotel.id, text: text, stars: stars))
    }

    /// Books a hotel and pays.
    ///
    /// - Throws: `stepUpNeeded` if the server wants to be surer of who books; `Pforte.call` answers it.
    func book(_ hotel: Hotel, nights: Int) async throws {
        struct Booked: Encodable {
            let hotel: String
            let nights: Int
        }
        try await send("POST", "/portal/bookings", Booked(hotel: hotel.id, nights: nights))
    }

    /// The server's answer is no success.
    struct Refused: Error { let status: Int }

    @discardableResult
    private func send(_ method: String, _ path: String, _ body: (any Encodable)? = nil) async throws -> Data {
        guard let url = URL(string: origin + path) else { throw URLError(.badURL) }
        var request = URLRequest(url: url)
        request.httpMethod = method
        if let body {
            request.httpBody = try JSONEncoder().encode(body)
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        let (data, response) = try await pforte.data(for: request)
        guard (200..<300).contains(response.statusCode) else { throw Refused(status: response.statusCode) }
        return data
    }
}
