//! A user as OpenID Connect tells of one.

use serde_json::{Map, Value};
use watchword_store::user::User;

/// The user's claims for a scope (OpenID Connect Core §5.4): `profile`, `email`, `phone` and `address`, and the
/// contract's `username`, `external_id` and `extended_fields`. What the user does not have is left out.
pub fn claims(user: &User, scope: &str) -> Map<String, Value> {
    let mut out = Claims(Map::new());
    for scope in scope.split(' ') {
        match scope {
            "profile" => profile(&mut out, user),
            "email" => {
                out.text("email", &user.email);
                out.fact("email_verified", user.email.is_some().then_some(user.email_verified));
            }
            "phone" => {
                out.text("phone_number", &user.phone_key);
                out.fact("phone_number_verified", user.phone_key.is_some().then_some(user.phone_verified));
            }
            "address" => address(&mut out, user),
            "username" => out.text("username", &user.username),
            "external_id" => out.text("external_id", &user.external_id),
            "extended_fields" => {
                // What is stored encrypted is in no token.
                let data = crate::custom_field::without_sealed(&user.custom_data).unwrap_or_default();
                out.0.insert("extended_fields".into(), data.into());
            }
            _ => {}
        }
    }
    out.0
}

/// The scopes that tell claims.
const SCOPES: &str = "profile email phone address username external_id extended_fields";

/// The scope that tells a claim; `None` for a claim that no scope tells.
pub fn scope_of_claim(name: &str) -> Option<&'static str> {
    Some(match name {
        "name" | "family_name" | "given_name" | "middle_name" | "nickname" | "preferred_username" | "profile"
        | "picture" | "website" | "birthdate" | "zoneinfo" | "locale" | "gender" | "updated_at" => "profile",
        "email" | "email_verified" => "email",
        "phone_number" | "phone_number_verified" => "phone",
        "address" => "address",
        "username" => "username",
        "external_id" => "external_id",
        "extended_fields" => "extended_fields",
        _ => return None,
    })
}

/// The claims with these names (OpenID Connect Core §5.5), out of all that a scope could tell.
pub fn requested_claims(user: &User, names: &[String]) -> Map<String, Value> {
    if names.is_empty() {
        return Map::new();
    }
    claims(user, SCOPES).into_iter().filter(|(name, _)| names.contains(name)).collect()
}

struct Claims(Map<String, Value>);

impl Claims {
    fn text(&mut self, name: &str, value: &Option<String>) {
        if let Some(value) = value {
            self.0.insert(name.into(), value.clone().into());
        }
    }

    fn fact(&mut self, name: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.0.insert(name.into(), value.into());
        }
    }
}

fn profile(out: &mut Claims, user: &User) {
    out.text("name", &user.name);
    out.text("family_name", &user.family_name);
    out.text("given_name", &user.given_name);
    out.text("middle_name", &user.middle_name);
    out.text("nickname", &user.nickname);
    out.text("preferred_username", &user.preferred_username);
    out.text("profile", &user.profile);
    out.text("picture", &user.photo);
    out.text("website", &user.website);
    out.text("birthdate", &user.birthdate);
    out.text("zoneinfo", &user.zoneinfo);
    out.text("locale", &user.locale);
    out.text("gender", &Some(user.gender.clone()));
    out.0.insert("updated_at".into(), user.updated_at.as_seconds().into());
}

fn address(out: &mut Claims, user: &User) {
    let mut address = Claims(Map::new());
    address.text("formatted", &user.formatted);
    address.text("street_address", &user.street_address);
    address.text("locality", &user.city);
    address.text("region", if user.region.is_some() { &user.region } else { &user.province });
    address.text("postal_code", &user.postal_code);
    address.text("country", &user.country);
    if !address.0.is_empty() {
        out.0.insert("address".into(), Value::Object(address.0));
    }
}

#[cfg(test)]
mod tests {
    use watchword_kit::Millis;
    use watchword_store::Record;

    use serde_json::json;

    use super::*;

    fn ada() -> User {
        User {
            name: Some("Ada".into()),
            middle_name: None,
            email: Some("Ada@Example.com".into()),
            email_verified: true,
            phone: Some("4155550123".into()),
            phone_key: Some("+14155550123".into()),
            phone_verified: false,
            region: None,
            province: Some("Kent".into()),
            updated_at: Millis::seconds(1_767_225_600),
            custom_data: r#"{"badge":1}"#.into(),
            ..User::sample()
        }
    }

    #[test]
    fn a_scope_tells_its_own_claims_and_no_others() {
        let names = |scope: &str| {
            let mut names: Vec<String> = claims(&ada(), scope).keys().cloned().collect();
            names.sort();
            names
        };
        assert!(names("openid offline_access unknown").is_empty());
        assert_eq!(names("openid email"), ["email", "email_verified"]);
        assert_eq!(names("phone"), ["phone_number", "phone_number_verified"]);
        assert_eq!(names("username external_id"), ["external_id", "username"]);
        let profile = names("profile");
        assert!(profile.contains(&"picture".into()) && !profile.contains(&"email".into()));
    }

    #[test]
    fn claims_have_the_forms_of_openid_connect() {
        let told = claims(&ada(), "profile email phone address extended_fields");
        assert_eq!(told["updated_at"], 1_767_225_600);
        assert_eq!(told["phone_number"], "+14155550123");
        assert_eq!((&told["email_verified"], &told["phone_number_verified"]), (&json!(true), &json!(false)));
        assert_eq!(told["address"]["region"], "Kent");
        assert_eq!(told["extended_fields"], json!({ "badge": 1 }));
        assert!(told.get("middle_name").is_none(), "what the user has not is left out");
    }

    #[test]
    fn a_claim_asked_for_by_name_comes_alone() {
        let told = requested_claims(&ada(), &["email".into(), "sub".into(), "middle_name".into()]);
        assert_eq!(Value::Object(told), json!({ "email": "Ada@Example.com" }));
    }

    #[test]
    fn every_claim_of_a_scope_is_known_to_be_of_that_scope() {
        let full = User {
            family_name: Some("L".into()),
            given_name: Some("A".into()),
            middle_name: Some("M".into()),
            nickname: Some("n".into()),
            preferred_username: Some("p".into()),
            profile: Some("p".into()),
            photo: Some("p".into()),
            website: Some("w".into()),
            birthdate: Some("1815-12-10".into()),
            zoneinfo: Some("z".into()),
            locale: Some("l".into()),
            username: Some("ada".into()),
            external_id: Some("e".into()),
            ..ada()
        };
        for scope in SCOPES.split(' ') {
            let told = claims(&full, scope);
            assert!(!told.is_empty(), "{scope}");
            for name in told.keys() {
                assert_eq!(scope_of_claim(name), Some(scope), "{name}");
            }
        }
    }

    #[test]
    fn nothing_about_the_password_is_ever_told() {
        let all = "openid profile email phone address username external_id extended_fields";
        let user = User { password_hash: Some("$argon2id$secret".into()), ..ada() };
        assert!(!Value::Object(claims(&user, all)).to_string().contains("argon"));
    }
}
