//! Rebuilds the program when a file of the embedded suite comes or goes, which the macro that embeds them does not notice; and tells it what
//! it was built for, which nothing else does.

fn main() {
    for name in ["TARGET", "PROFILE"] {
        println!("cargo:rustc-env=BUILD_{name}={}", std::env::var(name).unwrap_or_default());
    }
    for directory in ["cases", "schemas"] {
        println!("cargo:rerun-if-changed={directory}");
    }
}
