//! Links the addon so that its symbols are looked for in the runtime that loads it, and keeps it loaded.

fn main() {
    napi_build::setup();
    // A runtime closes the addons of a worker when the worker ends. The cells, the registry of the process and the
    // thread that renders outlive every worker.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
