//! Devices that cannot show a browser (RFC 8628): the endpoint that gives them their codes, and the page at which a person confirms one. Owns
//! both; the answers to a device that polls are in `token_endpoint`. There is no page on which to type a code: the user who is signed in
//! confirms it by opening the address that contains it.

use axum::http::{Method, StatusCode};
use serde::Serialize;

use super::{
    authorize::error_page,
    call::Call,
    issued::Device,
    routes::{DEVICE_PAGE, Operation},
    start::GrantType,
    state::Org,
    token_endpoint,
    wire::{Answer, Outcome},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::open("deviceAuthorizeCustomAS", Method::POST, "/oauth2/{}/v1/device/authorize", authorize),
    Operation::open("activateDevice", Method::GET, DEVICE_PAGE, activate),
];

/// How long the codes are good for, in seconds (spec's example; docs).
const LIFETIME: i64 = 600;
/// How many seconds a device waits before it asks again (spec's example).
const INTERVAL: i64 = 5;

/// Member order of the spec's schema and of RFC 8628, section 3.2.
#[derive(Serialize)]
struct Codes<'d> {
    device_code: &'d str,
    user_code: &'d str,
    verification_uri: &'d str,
    verification_uri_complete: String,
    expires_in: i64,
    interval: i64,
}

/// Inferred: a client without the grant, and scopes that nobody can be granted, are refused as they are at the token endpoint.
fn authorize(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = token_endpoint::server(org, call)?.id.clone();
    let form = token_endpoint::read_form(call)?;
    let app = token_endpoint::authenticated(org, call, &form, "device/authorize")?;
    token_endpoint::without_doubles(call, &form)?;
    if !app.has_grant(GrantType::DeviceCode) {
        return Err(token_endpoint::unauthorized(&app));
    }
    let scope = form.get("scope");
    token_endpoint::check_scopes(org, call, &server, GrantType::DeviceCode, scope)?;
    let (device_code, user_code) = (org.source.device_code(), org.source.user_code());
    let verification_uri = format!("{}{DEVICE_PAGE}", call.base);
    let codes = Codes {
        device_code: &device_code,
        user_code: &user_code,
        verification_uri: &verification_uri,
        verification_uri_complete: format!("{verification_uri}?user_code={user_code}"),
        expires_in: LIFETIME,
        interval: INTERVAL,
    };
    let answer = Answer::json(StatusCode::OK, &codes);
    let device = Device {
        server,
        app,
        scope: scope.map(str::to_owned),
        user_code,
        expires: org.source.now().plus_seconds(LIFETIME),
        interval: INTERVAL,
        polled: None,
        signed: None,
    };
    org.issued.add_device(device_code, device);
    Ok(answer)
}

/// What a person typed, as the code was given: case and dashes do not matter (RFC 8628, section 6.1).
fn typed(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}

/// Confirms for whoever is signed in. Inferred: while nobody is who may have the app, the device waits on.
fn activate(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let page = |error: &str, description: &str| Ok(error_page(StatusCode::BAD_REQUEST, error, description));
    let user_code = typed(call.query.get("user_code").unwrap_or_default());
    let Some(app) = org.issued.waiting_device(&user_code, now).map(|device| device.app.clone()) else {
        // Catalogue.
        return page("invalid_user_code", "The user code is invalid or has expired.");
    };
    let signed = match token_endpoint::signed_in(org, &app) {
        Ok(Some(signed)) => signed,
        // The service would show the page to sign in on.
        Ok(None) => return page("login_required", "Nobody is signed in who could activate the device."),
        Err(refusal) => return page(refusal.code(), &refusal.reason()),
    };
    if let Some(device) = org.issued.waiting_device(&user_code, now) {
        device.signed = Some(signed);
    }
    let html = String::from("<!DOCTYPE html><title>okta-mock</title><h1>The device is activated</h1>");
    Ok(Answer::Page { status: StatusCode::OK, html })
}
