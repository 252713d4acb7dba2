//! Tells the crate which interpreter it is built for: `Py_GIL_DISABLED` says who the single writer of a shard is.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
}
