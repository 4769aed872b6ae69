//! The parameters of a request: a form that is well-formed and names nothing twice. Owns their refusals.

use std::collections::BTreeSet;

use axum::http::{StatusCode, header};

use crate::{
    body,
    call::{Call, Query},
    norm::Norm,
    wire::Refusal,
};

/// The catalogue's, one of two texts.
const TWICE: &str = "The request contained multiple parameters with the same name.";

fn refused(description: &'static str) -> Refusal {
    Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", description)
}

/// The form of a POST. The texts are inferred.
pub(crate) fn read(call: &Call<'_>) -> Result<Query, Refusal> {
    let content_type = call.headers.get(header::CONTENT_TYPE);
    if !content_type.is_some_and(|value| body::is_of_type(value, "application/x-www-form-urlencoded")) {
        return Err(refused("The body must be of the type application/x-www-form-urlencoded."));
    }
    let text = std::str::from_utf8(call.body).map_err(|_| refused("The request is not UTF-8."))?;
    Query::parse(text).map_err(|_| refused("The request is not well-formed."))
}

/// A parameter that has to be there (catalogue).
pub(super) fn required<'f>(form: &'f Query, name: &str) -> Result<&'f str, Refusal> {
    let missing = || format!("The required parameter '{name}' is missing.");
    form.get(name).ok_or_else(|| Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", missing()))
}

/// RFC 6749, section 3.2.
pub(crate) fn without_doubles(call: &Call<'_>, form: &Query) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    if !call.keeps(Norm::NoDoubles) || form.names().all(|name| seen.insert(name)) {
        Ok(())
    } else {
        Err(refused(TWICE))
    }
}
