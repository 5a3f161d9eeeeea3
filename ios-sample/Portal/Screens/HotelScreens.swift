import PforteApple
import PhotosUI
import SwiftUI

/// The first screen of a first visit.
struct WelcomeScreen: View {
    let portal: Portal

    var body: some View {
        Scrolling {
            HotelPicture(hotel: Hotel.all[2], height: 180)
            Text("Rooms with a story").font(.largeTitle).bold().accessibilityAddTraits(.isHeader)
            Text("Look at hotels, read what guests say, and book. You need no account to look around.")
            MainButton("Look at hotels", action: portal.browse)
            OtherButton("Sign in", action: portal.signIn)
            Button("Who knows me", action: portal.showPrivacy)
        }
    }
}

/// All hotels.
struct HotelsScreen: View {
    let portal: Portal

    var body: some View {
        Scrolling {
            ForEach(Hotel.all) { hotel in
                Button {
                    portal.look(at: hotel)
                } label: {
                    Card {
                        HotelPicture(hotel: hotel, height: 120)
                        Text(verbatim: hotel.name).font(.title3).bold()
                        Text("\(hotel.city) · €\(hotel.pricePerNight) a night")
                    }
                }
                .buttonStyle(.plain)
                .accessibilityIdentifier("hotel:\(hotel.id)")
            }
        }
        .navigationTitle("Hotels")
        .toolbar {
            ToolbarItem(placement: .primaryAction) { Button("Account") { portal.trail.append(.account) } }
        }
    }
}

/// One hotel: what it is, what people say, and what can be done.
struct HotelScreen: View {
    let hotel: Hotel
    @ObservedObject var portal: Portal
    @State private var picked: PhotosPickerItem?

    var body: some View {
        Scrolling {
            HotelPicture(hotel: hotel, height: 180)
            Text(verbatim: hotel.city).font(.headline)
            Remark("€\(hotel.pricePerNight) a night")
            Text(hotel.about)
            MainButton("Book a room") { portal.startBooking(of: hotel) }
            OtherButton("Write a review") { portal.writeReview(of: hotel) }
            OtherButton("Add a picture", action: portal.addPicture)
            OtherButton("Read reviews") { portal.readReviews(of: hotel) }
            ForEach(pictures) { picture in picture.image }
            if let reviews = portal.reviews { Reviews(reviews: reviews) }
        }
        .navigationTitle(hotel.name)
        .photosPicker(isPresented: $portal.choosesPicture, selection: $picked, matching: .images)
        .onChange(of: picked) { item in
            guard let item else { return }
            picked = nil
            Task {
                if let picture = try? await item.loadTransferable(type: Data.self) { portal.add(picture, of: hotel) }
            }
        }
    }

    private var pictures: [Picture] {
        (portal.pictures[hotel.id] ?? []).enumerated().map { Picture(id: $0.offset, data: $0.element) }
    }
}

/// A picture that the person added.
private struct Picture: Identifiable {
    let id: Int
    let data: Data

    @MainActor @ViewBuilder var image: some View {
        if let image = UIImage(data: data) {
            Image(uiImage: image).resizable().scaledToFit()
                .clipShape(RoundedRectangle(cornerRadius: 24))
                .accessibilityLabel("Your picture")
        }
    }
}

private struct Reviews: View {
    let reviews: [Review]

    var body: some View {
        Heading("Reviews")
        if reviews.isEmpty { Remark("Nobody has written one yet.") }
        ForEach(reviews, id: \.self) { review in
            VStack(alignment: .leading) {
                Text("\(review.stars) stars").font(.subheadline).foregroundStyle(.orange)
                Text(verbatim: review.text)
            }
        }
    }
}
