//! The settings and the known failures of `examples/` have no mistakes. `tests/examples/run` runs the commands of the examples, and holds
//! each to the schema of its vendor.

use std::fs;

use super::support::{Place, data};

#[test]
fn the_settings_and_known_failures_are_right() {
    let place = Place::new();
    for name in ["okta-conformance.toml", "known-failures/preview.yaml"] {
        place.write(name, &fs::read_to_string(data("../../examples").join(name)).expect("an example"));
        let done = place.run(&["check", name]);
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{name}: {}", done.out);
        assert_eq!(done.out, format!("{name}: no mistakes\n"));
    }
}
