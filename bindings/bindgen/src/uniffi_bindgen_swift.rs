//! Writes the Swift sources, headers and module maps one by one, as an XCFramework needs them.

fn main() {
    uniffi::uniffi_bindgen_swift();
}
