/// The screens a person goes to. The first is `WelcomeScreen`; what is asked in between, and the lock screen, lie above them.
enum Screen: Hashable {
    case hotels
    case hotel(Hotel)
    case review(Hotel)
    case booking(Hotel)
    case account
    case privacy
    case security
}
