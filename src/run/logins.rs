//! Logins of the target's users. An account may be locked after a few wrong passwords, so the first login of a user is sent alone, and none
//! follows one that was refused. Owns what is known of each password of the settings; passwords that a case makes up are none of these.

use std::cell::Cell;

use memchr::memmem;
use secrecy::ExposeSecret;
use tokio::sync::{Mutex, MutexGuard};

use crate::http::{Answer, Client, NoAnswer, Outgoing, User, encoded};

/// The users of a target.
pub(super) struct Logins(Vec<Login>);

/// One user.
pub(super) struct Login {
    name: String,
    /// Name and password, as a form has them.
    shown: [Vec<u8>; 2],
    state: Cell<State>,
    turn: Mutex<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Untried,
    Accepted,
    Refused,
}

impl Logins {
    pub(super) fn of(client: &Client) -> Self {
        let shown = |name: &str, value: &str| encoded([(name, value)]).unwrap_or_default();
        let login = |(name, user): (&String, &User)| Login {
            name: name.clone(),
            shown: [shown("username", &user.login), shown("password", user.password.expose_secret())],
            state: Cell::new(State::Untried),
            turn: Mutex::default(),
        };
        Self(client.users().iter().map(login).collect())
    }

    /// The user whose password a request shows.
    pub(super) fn shown_by(&self, outgoing: &Outgoing) -> Option<&Login> {
        let body = outgoing.body.as_deref()?;
        self.0.iter().find(|login| login.shown.iter().all(|shown| memmem::find(body, shown).is_some()))
    }
}

impl Login {
    /// Waits until it may be sent: alone, as long as no login was accepted.
    ///
    /// # Errors
    /// One was refused.
    pub(super) async fn turn(&self) -> Result<Option<MutexGuard<'_, ()>>, NoAnswer> {
        let alone = match self.state.get() {
            State::Untried => Some(self.turn.lock().await),
            State::Accepted | State::Refused => None,
        };
        match self.state.get() {
            State::Untried => Ok(alone),
            State::Accepted => Ok(None),
            State::Refused => Err(NoAnswer::Credentials(format!(
                "the target refused the password of the user `{}`, and no other login follows: its account could be locked",
                self.name
            ))),
        }
    }

    /// Takes what an answer says of the password (RFC 6749 section 5.2).
    pub(super) fn note(&self, answer: &Answer) {
        let error = answer.json().ok().and_then(|body| body.get("error"));
        if answer.is_success() {
            self.state.set(State::Accepted);
        } else if error.is_some_and(|error| error == "invalid_grant") {
            self.state.set(State::Refused);
        }
    }
}
