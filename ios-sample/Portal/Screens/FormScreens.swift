import PforteApple
import SwiftUI

/// Writing a review.
struct ReviewScreen: View {
    let hotel: Hotel
    let portal: Portal
    @State private var text = ""
    @State private var stars = 5

    var body: some View {
        Scrolling {
            Heading(verbatim: hotel.name)
            Picker("Stars", selection: $stars) {
                ForEach([5, 4, 3, 2, 1], id: \.self) { number in
                    Text("\(number) stars").tag(number)
                }
            }
            .pickerStyle(.menu)
            .accessibilityIdentifier("stars")
            Text("Your review").font(.headline).accessibilityHidden(true)
            TextField("Your review", text: $text, axis: .vertical)
                .lineLimit(4...)
                .textFieldStyle(.roundedBorder)
                .accessibilityIdentifier("review")
            MainButton("Publish") { portal.publish(written, stars: stars, of: hotel) }
                .disabled(written.isEmpty)
        }
        .navigationTitle("Write a review")
    }

    private var written: String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
}

/// Booking, and paying: what the server wants to be sure of is asked when it is needed.
struct BookingScreen: View {
    let hotel: Hotel
    let portal: Portal
    @State private var nights = 2

    var body: some View {
        Scrolling {
            HotelPicture(hotel: hotel, height: 120)
            Heading(verbatim: hotel.name)
            Picker("Nights", selection: $nights) {
                ForEach([1, 2, 3, 7], id: \.self) { number in
                    Text("\(number) nights").tag(number)
                }
            }
            .pickerStyle(.segmented)
            .accessibilityIdentifier("nights")
            Text("Together: €\(nights * hotel.pricePerNight)").font(.title3).bold()
            MainButton("Book and pay") { portal.book(hotel, nights: nights) }
        }
        .navigationTitle("Book a room")
    }
}
