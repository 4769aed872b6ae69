//! The device grant at the token endpoint (RFC 8628, section 3.4). Owns what a device is told while it polls. How it gets its codes, and
//! how a person confirms one, is in the crate's `device`.

use std::sync::Arc;

use axum::http::StatusCode;

use super::{Granted, authorized, form, grant};
use crate::{
    apps::App,
    call::{Call, Query},
    issued::Device,
    source::Stamp,
    start::GrantType,
    state::Org,
    wire::Refusal,
};

/// By how much a device that polls too soon has to wait longer from then on, in seconds (RFC 8628, section 3.5).
const SLOWER: i64 = 5;

fn refused(error: &'static str, description: &'static str) -> Refusal {
    Refusal::oauth(StatusCode::BAD_REQUEST, error, description)
}

/// What a person has confirmed; the code is used up. The texts are the catalogue's. Inferred: policies are asked now, by the scopes that the
/// device asked for at first.
pub(super) fn exchange(
    org: &mut Org,
    call: &Call<'_>,
    server: &str,
    app: &Arc<App>,
    form: &Query,
) -> Result<Granted, Refusal> {
    let now = org.source.now();
    let text = form::required(form, "device_code")?;
    let device = org.issued.device(text);
    let device = device.ok_or_else(|| refused("invalid_grant", "The device code is invalid or has expired."))?;
    if device.app.client_id != app.client_id {
        return Err(grant::of_another_client());
    }
    if device.server != server {
        return Err(grant::of_another_server());
    }
    if device.expires <= now {
        return Err(refused("expired_token", "The device code has expired."));
    }
    let Some(signed) = device.signed.clone() else { return Err(not_yet(device, now)) };
    let scope = device.scope.clone();
    let granted = authorized(org, call, server, app, GrantType::DeviceCode, Some(signed), scope.as_deref())?;
    org.issued.use_device(text);
    Ok(granted)
}

/// Nobody has confirmed: the device may ask again after its interval.
fn not_yet(device: &mut Device, now: Stamp) -> Refusal {
    let is_early = device.polled.is_some_and(|polled| now < polled.plus_seconds(device.interval));
    device.polled = Some(now);
    if is_early {
        device.interval += SLOWER;
        return refused("slow_down", "Slow down the polling frequency. Please try again later.");
    }
    refused("authorization_pending", "The device authorization is pending. Please try again later.")
}
