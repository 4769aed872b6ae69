//! Tokens and rights that are not looked at.

use super::{Admission, Effect, Fault, Kind, fault};
use crate::{OPERATIONS, auth::Access};

pub(super) fn add(all: &mut Vec<Fault>) {
    for operation in OPERATIONS.iter().copied().flatten().filter(|operation| operation.access != Access::Open) {
        let name = operation.name;
        let title = "A token that is not known is let in";
        all.push(fault(name, Kind::Token, "unknown", "401", title, Effect::Access(Admission::UnknownToken)));
        if operation.access == Access::Read {
            let title = "A request without a token is accepted";
            all.push(fault(name, Kind::Token, "none", "401", title, Effect::Access(Admission::NoToken)));
        }
        let title = "Any valid token is accepted, whatever its scopes";
        all.push(fault(name, Kind::Scope, "none", "403", title, Effect::Access(Admission::Right)));
    }
    for name in ["deleteAuthorizationServer", "deactivateAuthorizationServer", "replaceAuthorizationServer"] {
        let title = "A refused caller's request is carried out anyway";
        all.push(fault(name, Kind::Effect, "refused-caller", "", title, Effect::Access(Admission::Nobody)));
    }
}
