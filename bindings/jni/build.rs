//! Lays the library out for pages of 16 KB, which Android has asked of 64-bit apps since version 15.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    // Linux too, where it does no harm, so that the layout can be tested without Android's linker.
    if matches!(system.as_str(), "android" | "linux") {
        println!("cargo:rustc-link-arg-cdylib=-Wl,-z,max-page-size=16384");
    }
}
