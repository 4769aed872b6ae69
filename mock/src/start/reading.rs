//! Everything that is wrong with the form of a state. Owns how a text is read on after a mistake: object by object, each without the members
//! that could not be read. What reads a state that is right is the form itself.

use std::{cell::RefCell, collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, IntoDeserializer as _, MapAccess, Visitor,
        value::StringDeserializer,
    },
    forward_to_deserialize_any,
};
use serde_saphyr::Spanned;

use super::{App, Claim, Client, Named, Policy, RefreshToken, Rule, Scope, Server, ServiceApp, State, User};
use crate::mistake::{StateError, walk};

/// What a text says as far as it can be read, and what is wrong with it.
pub(super) struct Reading<'t> {
    text: &'t str,
    pub(super) mistakes: Vec<StateError>,
    /// Whether each item of each list could be read, if without some members.
    is_whole: bool,
}

/// One way through an object.
struct Pass<'h> {
    hidden: &'h BTreeSet<String>,
    /// The member that is being read.
    member: Option<String>,
    unknown: Vec<(Spanned<String>, &'static [&'static str])>,
}

impl<'t> Reading<'t> {
    /// Reads a state; none if items are missing in it.
    pub(super) fn of(text: &'t str) -> (Option<State>, Reading<'t>) {
        let mut reading = Reading { text, mistakes: Vec::new(), is_whole: true };
        let apart = ["servers", "clients", "groups", "users", "apps", "refreshTokens", "serviceApps"];
        let Some(state): Option<State> = reading.object("", &apart) else { return (None, reading) };
        let lists = State {
            servers: reading.list("servers", Reading::server),
            clients: reading.list("clients", |reading, place| reading.object::<Client>(place, &[])),
            groups: reading.list("groups", |reading, place| reading.object::<Named>(place, &[])),
            users: reading.list("users", |reading, place| reading.object::<User>(place, &[])),
            apps: reading.list("apps", |reading, place| reading.object::<App>(place, &[])),
            refresh_tokens: reading.list("refreshTokens", |reading, place| reading.object::<RefreshToken>(place, &[])),
            service_apps: reading.list("serviceApps", |reading, place| reading.object::<ServiceApp>(place, &[])),
            ..State::default()
        };
        let state = reading.is_whole.then_some(State { login: state.login, ..lists });
        (state, reading)
    }

    fn server(&mut self, place: &str) -> Option<Server> {
        let server: Server = self.object(place, &["scopes", "claims", "policies"])?;
        let scopes = self.list(&format!("{place}.scopes"), |reading, place| reading.object::<Scope>(place, &[]));
        let claims = self.list(&format!("{place}.claims"), |reading, place| reading.object::<Claim>(place, &[]));
        let policies = self.list(&format!("{place}.policies"), |reading, place| {
            let policy: Policy = reading.object(place, &["rules"])?;
            let rules = reading.list(&format!("{place}.rules"), |reading, place| reading.object::<Rule>(place, &[]));
            Some(Policy { rules, ..policy })
        });
        Some(Server { scopes, claims, policies, ..server })
    }

    /// The items of a list.
    fn list<T>(&mut self, place: &str, mut read: impl FnMut(&mut Self, &str) -> Option<T>) -> Vec<T> {
        let count = match walk(self.text, place, Count) {
            Ok(count) => count.unwrap_or_default(),
            Err(error) => {
                self.mistakes.push(StateError { place: place.to_owned(), ..StateError::unreadable(self.text, &error) });
                self.is_whole = false;
                return Vec::new();
            }
        };
        let mut items = Vec::new();
        for index in 0..count {
            let item = read(self, &format!("{place}[{index}]"));
            self.is_whole &= item.is_some();
            items.extend(item);
        }
        items
    }

    /// An object, read without the members that are `apart`, and without those that cannot be read.
    fn object<T: DeserializeOwned>(&mut self, place: &str, apart: &[&str]) -> Option<T> {
        let mut hidden: BTreeSet<String> = apart.iter().map(|name| (*name).to_owned()).collect();
        let within = |member: &str| if place.is_empty() { member.to_owned() } else { format!("{place}.{member}") };
        loop {
            let pass = RefCell::new(Pass { hidden: &hidden, member: None, unknown: Vec::new() });
            let read = walk(self.text, place, Shown { pass: &pass, of: std::marker::PhantomData::<T> });
            let Pass { member, unknown, hidden: _ } = pass.into_inner();
            let mut hide = Vec::new();
            for (name, fields) in unknown {
                let error = serde_saphyr::Error::unknown_field(&name.value, fields);
                let mistake = StateError::unreadable(self.text, &error).told_at(self.text, name.referenced);
                self.mistakes.push(StateError { place: within(&name.value), ..mistake });
                hide.push(name.value);
            }
            let error = match read {
                Ok(object) if hide.is_empty() => return object,
                Ok(_) => None,
                Err(error) => Some(error),
            };
            if let Some(error) = error {
                let mistake = StateError::unreadable(self.text, &error);
                let follows = hidden.iter().any(|name| mistake.message.contains(&format!("`{name}`")));
                match member {
                    Some(member) => {
                        self.mistakes.push(StateError { place: within(&member), ..mistake });
                        hide.push(member);
                    }
                    None if follows => return None,
                    None => {
                        self.mistakes.push(StateError { place: place.to_owned(), ..mistake });
                        return None;
                    }
                }
            }
            let before = hidden.len();
            hidden.extend(hide);
            if hidden.len() == before {
                return None;
            }
        }
    }
}

/// How many items a list has.
struct Count;

impl<'de> DeserializeSeed<'de> for Count {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, list: D) -> Result<usize, D::Error> {
        Vec::<IgnoredAny>::deserialize(list).map(|items| items.len())
    }
}

/// An object of which some members are not shown to the form.
struct Shown<'p, 'h, T> {
    pass: &'p RefCell<Pass<'h>>,
    of: std::marker::PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Shown<'_, '_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, object: D) -> Result<T, D::Error> {
        T::deserialize(Filter { inner: object, pass: self.pass })
    }
}

/// What reads an object, what looks at it, or its members.
struct Filter<'p, 'h, I> {
    inner: I,
    pass: &'p RefCell<Pass<'h>>,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Filter<'_, '_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_struct(name, fields, Look { visitor, fields, pass: self.pass })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// What looks at the members of an object.
struct Look<'p, 'h, V> {
    visitor: V,
    fields: &'static [&'static str],
    pass: &'p RefCell<Pass<'h>>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Look<'_, '_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Look { visitor: members, fields: self.fields, pass: self.pass })
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Look<'_, '_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.pass.borrow_mut().member = None;
        while let Some(name) = self.visitor.next_key::<Spanned<String>>()? {
            let is_hidden = self.pass.borrow().hidden.contains(&name.value);
            let is_known = self.fields.contains(&name.value.as_str());
            if is_known && !is_hidden {
                self.pass.borrow_mut().member = Some(name.value.clone());
                let name: StringDeserializer<A::Error> = name.value.into_deserializer();
                return seed.deserialize(name).map(Some);
            }
            if !is_known && !is_hidden {
                self.pass.borrow_mut().unknown.push((name, self.fields));
            }
            self.visitor.next_value::<IgnoredAny>()?;
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.visitor.next_value_seed(seed)
    }
}
