//! Gives the shared library its versioned name: programs that were linked with one go on with every library of the same
//! name, and do not start with another.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let of = |part: &str| std::env::var(part).unwrap_or_default();
    // Before 1.0 every minor version may change the interface, as Cargo has it too.
    let (major, minor) = (of("CARGO_PKG_VERSION_MAJOR"), of("CARGO_PKG_VERSION_MINOR"));
    let interface = if major == "0" { format!("0.{minor}") } else { major };
    if of("CARGO_CFG_TARGET_OS") == "linux" {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libtykmetrics.so.{interface}");
        // Cells stay where they are for the life of the process, and so does what knows them, also after dlclose.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
