//! Writes the Kotlin and Swift sources of an unstripped library.

fn main() {
    uniffi::uniffi_bindgen_main();
}
