import SwiftUI

/// A hotel of the portal. The list comes with the app: looking at hotels needs no account and no network.
struct Hotel: Identifiable, Hashable {
    /// As the server names it.
    let id: String
    let name: String
    let city: String
    /// In euros.
    let pricePerNight: Int

    static let all = [
        Hotel(id: "h1", name: "Hotel Aurora", city: "Wien", pricePerNight: 128),
        Hotel(id: "h2", name: "Gasthof Linde", city: "Graz", pricePerNight: 84),
        Hotel(id: "h3", name: "Seehaus", city: "Bregenz", pricePerNight: 156),
    ]

    var about: LocalizedStringKey {
        switch id {
        case "h1": "A quiet house near the opera, with high ceilings and a small garden behind it."
        case "h2": "An inn under old lime trees. Breakfast is in the yard as long as the weather allows."
        default: "Right by the lake, with boats to borrow and mountains in the window."
        }
    }

    /// The colour of the sky in its picture.
    var sky: Color {
        switch id {
        case "h1": Color(red: 0.50, green: 0.72, blue: 0.84)
        case "h2": Color(red: 0.56, green: 0.66, blue: 0.86)
        default: Color(red: 0.47, green: 0.76, blue: 0.75)
        }
    }
}

/// What somebody wrote about a hotel.
struct Review: Decodable, Hashable {
    let hotel: String
    let text: String
    let stars: Int
    let author: String
}
