/// A photograph that the person picked.
public struct PhotosPickerItem: Hashable, Sendable {
    let picture: Data
    public func loadTransferable<T>(type: T.Type) async throws -> T? { picture as? T }
}

public struct PHPickerFilter: Sendable { public static let images = Self(), videos = Self() }

extension View {
    /// The system's own picker, out of the app's process: here one button for one photograph, and one to leave.
    public func photosPicker(
        isPresented: Binding<Bool>, selection: Binding<PhotosPickerItem?>, matching filter: PHPickerFilter? = nil
    ) -> some View {
        sheet(isPresented: isPresented) {
            Button("(photograph)" as String) {
                selection.wrappedValue = PhotosPickerItem(picture: Data("a photograph".utf8))
                isPresented.wrappedValue = false
            }
            Button("(leave)" as String) { isPresented.wrappedValue = false }
        }
    }
}
