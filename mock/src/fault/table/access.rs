//! Tokens and rights that are not looked at.

use super::{Admission, Effect, Fault, Kind, fault};
use crate::{OPERATIONS, auth::Access};

pub(super) fn add(all: &mut Vec<Fault>) {
    for operation in OPERATIONS.iter().copied().flatten().filter(|operation| operation.access != Access::Open) {
        let name = operation.name;
        let title = "A token that is not known is let in";
        all.push(fault(name, Kind::Token, "unknown", "401", title, Effect::Access(Admission::UnknownToken)));
        if operation.access == Access::Read {
            let title = "Whoever sends no token is let in";
            all.push(fault(name, Kind::Token, "none", "401", title, Effect::Access(Admission::NoToken)));
        }
        let title = "Whoever has a token is let in, whatever it is good for";
        all.push(fault(name, Kind::Scope, "none", "403", title, Effect::Access(Admission::Right)));
    }
    for name in ["deleteAuthorizationServer", "deactivateAuthorizationServer", "replaceAuthorizationServer"] {
        let title = "Who is refused gets done what was asked for all the same";
        all.push(fault(name, Kind::Effect, "refused-caller", "", title, Effect::Access(Admission::Nobody)));
    }
}
