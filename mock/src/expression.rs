//! Stands in until the language is there.
use serde_json::{Map, Value, json};
pub(crate) struct Context<'c> {
    pub(crate) app: &'c App,
    pub(crate) scopes: &'c [String],
    pub(crate) user: Option<&'c User>,
    pub(crate) app_user: Option<&'c AppUser>,
}
#[derive(Default)]
pub(crate) struct App {
    pub(crate) client_id: String,
    pub(crate) id: String,
    pub(crate) profile: Map<String, Value>,
}
#[derive(Default)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) login: String,
    pub(crate) profile: Map<String, Value>,
    pub(crate) groups: Vec<Group>,
}
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
}
#[derive(Default)]
pub(crate) struct AppUser {
    pub(crate) user_name: String,
    pub(crate) profile: Map<String, Value>,
}
pub(crate) struct Expression(String);
impl Expression {
    pub(crate) fn parse(text: &str) -> Result<Expression, ()> {
        Ok(Expression(text.to_owned()))
    }
    pub(crate) fn evaluate(&self, c: &Context<'_>) -> Result<Value, ()> {
        let _ = (
            &c.app.profile,
            c.user.map(|u| (&u.id, &u.login, &u.profile, u.groups.iter().map(|g| &g.id).count())),
            c.app_user.map(|u| &u.profile),
        );
        let text = self.0.trim();
        if let Some(inner) = text.strip_prefix(['"', '\'']).and_then(|rest| rest.strip_suffix(['"', '\''])) {
            return Ok(json!(inner));
        }
        if let Ok(number) = text.parse::<i64>() {
            return Ok(json!(number));
        }
        match text {
            "null" => Ok(Value::Null),
            "true" => Ok(json!(true)),
            "false" => Ok(json!(false)),
            "app.clientId" => Ok(json!(c.app.client_id)),
            "app.id" => Ok(json!(c.app.id)),
            "access.scope" => Ok(json!(c.scopes)),
            "(appuser != null) ? appuser.userName : app.clientId" => {
                Ok(json!(c.app_user.map_or(&c.app.client_id, |u| &u.user_name)))
            }
            _ => Err(()),
        }
    }
}
