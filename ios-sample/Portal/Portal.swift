import PforteApple
import SwiftUI

/// What the person does, and what the screens show.
///
/// Each touchpoint of the policy is one call of `ifCleared`: Pforte asks what is missing, and then it goes on.
@MainActor
final class Portal: ObservableObject {
    /// The screens above the first one, the one in front last.
    @Published var trail: [Screen] = []

    /// Whether somebody is signed in, and whether it is open; nothing until that is known.
    @Published private(set) var status: Status?

    /// What to tell the person.
    @Published var message: Message?

    /// The reviews of the hotel in front; nothing until they are asked for.
    @Published private(set) var reviews: [Review]?

    /// The pictures that were added, by hotel. They stay in this process: the development server takes none.
    @Published private(set) var pictures: [Hotel.ID: [Data]] = [:]

    /// Whether the person chooses a picture now.
    @Published var choosesPicture = false

    /// Who knows me.
    @Published private(set) var purposes: [PurposeView] = []

    /// The copy of the person's choices that they asked for, to share or keep.
    @Published private(set) var copy: String?

    /// How the session is kept, and what became of it lately.
    @Published private(set) var security: SecurityNow?

    /// Draws Pforte's questions in this app's own style.
    let presenter = PortalPresenter()

    private let settings: Settings
    private var opening: Task<Pforte, any Error>?
    private var underWay: Task<Void, Never>?

    init(opening settings: Settings) {
        self.settings = settings
    }

    /// Opens Pforte and follows it, as long as the screens are there.
    func follow() async {
        do {
            let pforte = try await pforte()
            async let resumed: Void = hear(of: pforte.resumed)
            for await status in pforte.status { became(status) }
            await resumed
        } catch let wrong as PforteError {
            status = .unavailable(cause: .notNow, why: wrong.hint)
        } catch {
            status = .unavailable(cause: .notNow, why: "")
        }
    }

    // MARK: Looking around

    func browse() { ifCleared("hotel.browse") }

    func signIn() { ifCleared("account.sign-in") }

    func look(at hotel: Hotel) {
        reviews = nil
        trail.append(.hotel(hotel))
    }

    func readReviews(of hotel: Hotel) {
        attempt { [settings] pforte in
            let server = PortalServer(pforte: pforte, origin: settings.server)
            do {
                self.reviews = try await server.reviews(of: hotel)
            } catch PforteError.signInAgain {
                // The server shows them to people who are signed in.
                self.reviews = try await pforte.call("account.sign-in") { try await server.reviews(of: hotel) }
            }
        }
    }

    // MARK: What the policy asks for

    func writeReview(of hotel: Hotel) { ifCleared("review.write") { self.trail.append(.review(hotel)) } }

    func publish(_ text: String, stars: Int, of hotel: Hotel) {
        attempt { [settings] pforte in
            try await PortalServer(pforte: pforte, origin: settings.server).post(text, stars: stars, of: hotel)
            self.trail.removeLast()
            self.message = Message("Thank you. Your review is published.")
        }
    }

    func addPicture() { ifCleared("picture.upload") { self.choosesPicture = true } }

    func add(_ picture: Data, of hotel: Hotel) { pictures[hotel.id, default: []].append(picture) }

    func startBooking(of hotel: Hotel) { ifCleared("booking.start") { self.trail.append(.booking(hotel)) } }

    /// `call` enters, books, and books once more if the server itself wants to be surer.
    func book(_ hotel: Hotel, nights: Int) {
        attempt { [settings] pforte in
            let server = PortalServer(pforte: pforte, origin: settings.server)
            try await pforte.call("booking.pay") { try await server.book(hotel, nights: nights) }
            self.trail.removeLast()
            self.message = Message("It is booked. We look forward to your stay.")
        }
    }

    // MARK: The session

    func unlock() {
        attempt { pforte in
            do {
                try await pforte.unlock()
            } catch PforteError.locked {
                // The finger or face was not recognised: nobody has to be told to unlock first.
                self.message = Message("That did not work. Please try again.")
            }
        }
    }

    func lock() { attempt { try await $0.lock() } }

    func signOut() {
        attempt { pforte in
            let report = try await pforte.signOut()
            self.message =
                report.remoteSessionMayLive
                ? Message(
                    "You are signed out on this device. The provider could not be reached: please sign out there as well.")
                : Message("You are signed out.")
        }
    }

    func showSecurity() {
        attempt { pforte in
            self.security = try await SecurityNow(of: pforte)
            self.trail.append(.security)
        }
    }

    func setGate(_ on: Bool) {
        changeSecurity { if on { try await $0.security.turnGateOn() } else { try await $0.security.turnGateOff() } }
    }

    func rememberMe(_ remembers: Bool) { changeSecurity { try await $0.security.rememberPerson(remembers) } }

    // MARK: Who knows me: at any time, signed in or not, without network

    func showPrivacy() {
        attempt { pforte in
            self.purposes = try await pforte.consent.purposes()
            self.copy = nil
            self.trail.append(.privacy)
        }
    }

    func withdraw(_ purpose: PurposeView) {
        changeConsent { try await $0.consent.withdraw(purpose.purpose, by: .pressed("withdraw", on: "settings")) }
    }

    func agree(to purpose: PurposeView) {
        changeConsent { try await $0.consent.grant(purpose.purpose, by: .pressed("agree", on: "settings")) }
    }

    func export() { attempt { self.copy = try await $0.consent.export() } }

    func erase() {
        changeConsent { pforte in
            try await pforte.consent.erase()
            self.message = Message("Your choices are erased.")
        }
    }

    // MARK: How it is done

    private func pforte() async throws -> Pforte {
        let opening = opening ?? Task { [settings, presenter] in try await settings.open(presenter) }
        self.opening = opening
        return try await opening.value
    }

    private func ifCleared(_ touchpoint: String, _ goOn: (@MainActor () -> Void)? = nil) {
        attempt { pforte in
            self.reached(touchpoint, try await pforte.enter(touchpoint), goOn)
        }
    }

    private func reached(_ touchpoint: String, _ entry: Entry, _ goOn: (@MainActor () -> Void)?) {
        switch entry {
        case .stopped(let reason): message = Message(verbatim: reason)
        case .abandoned: break
        case .cleared:
            if let goOn { goOn() } else { trail = [.hotels] }
        }
    }

    /// Ends of what began before the process ended.
    private func hear(of ends: AsyncStream<Resumed>) async {
        for await resumed in ends {
            guard case .entered(let entry) = resumed.end else { continue }
            reached(resumed.touchpoint, entry, nil)
        }
    }

    private func became(_ now: Status) {
        if now == .signedOut, let status, status != .signedOut { trail = [] }
        status = now
    }

    private func changeSecurity(_ change: @escaping @MainActor (Pforte) async throws -> Void) {
        attempt { pforte in
            do { try await change(pforte) } catch { self.tell(error) }
            self.security = try await SecurityNow(of: pforte)
        }
    }

    private func changeConsent(_ change: @escaping @MainActor (Pforte) async throws -> Void) {
        attempt { pforte in
            try await change(pforte)
            self.purposes = try await pforte.consent.purposes()
            self.copy = nil
        }
    }

    /// Whether something the person began is under way.
    var isBusy: Bool { underWay != nil }

    /// One thing at a time: what is tapped while another is under way does nothing.
    private func attempt(_ work: @escaping @MainActor (Pforte) async throws -> Void) {
        guard !isBusy else { return }
        message = nil
        underWay = Task {
            do { try await work(pforte()) } catch { tell(error) }
            underWay = nil
        }
    }

    private func tell(_ error: any Error) {
        if let words = Message(of: error) { message = words }
    }
}

/// How the session is kept, and what became of it lately.
struct SecurityNow {
    let view: SecurityView
    let why: [String]

    init(of pforte: Pforte) async throws {
        view = try await pforte.security.view()
        why = pforte.why()
    }
}
