//! Password hashes of other systems, in the form in which `watchword_crypto::password` compares with them.

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER_PERMISSIVE};
use serde::Deserialize;
use serde_json::Value;
use watchword_crypto::password::firebase;
use watchword_kit::{Error, Result, Secret, text};

use crate::Object;

/// How a file means its hashes.
#[derive(Clone, Debug, Default)]
pub enum Style {
    /// As they stand; a Keycloak credential or Auth0's `custom_password_hash` is known by its JSON.
    #[default]
    Auto,
    /// As Django stores them: `md5$salt$hex` and `sha1$salt$hex` are over salt and password.
    Django,
    /// `passwordHash` and `passwordSalt` in Base64, of a Firebase project.
    Firebase(Box<firebase::Project>),
    /// `passwordHash` is the digest in hex over password and `passwordSalt`, or over salt and password.
    Digest(&'static str),
}

/// The names of [`Style::Digest`].
pub const DIGESTS: [&str; 8] =
    ["md5", "md5-salt-first", "sha1", "sha1-salt-first", "sha256", "sha256-salt-first", "sha512", "sha512-salt-first"];

/// Puts the stored form into `passwordHash` and takes `passwordSalt` away. A Keycloak credential may be a plain
/// password: it goes to `password`.
///
/// # Errors
/// 400 at `passwordHash` or `passwordSalt`, without quoting either.
pub fn settle(fields: &mut Object, style: &Style) -> Result<()> {
    let salt = match fields.remove("passwordSalt") {
        None => None,
        Some(Value::String(salt)) => Some(salt),
        Some(_) => return Err(Error::invalid("passwordSalt", text!("must be a text", "应为文本"))),
    };
    let hash = match fields.remove("passwordHash") {
        None if salt.is_some() => {
            return Err(Error::invalid("passwordSalt", text!("there is no hash", "缺少密码哈希")));
        }
        None => return Ok(()),
        Some(hash) => hash,
    };
    let made = match hash {
        Value::Object(credential) => credential_form(&Value::Object(credential))?,
        Value::String(text) if text.starts_with('{') && text.ends_with('}') => {
            let credential = serde_json::from_str(&text);
            credential_form(&credential.map_err(|_| bad("passwordHash"))?)?
        }
        Value::String(text) => match style {
            Style::Firebase(project) => Form::Hash(firebase_form(&text, salt.as_deref(), project)?),
            Style::Digest(name) => Form::Hash(format!("{name}${}${text}", salt.unwrap_or_default())),
            _ if salt.is_some() => {
                let what = text!(
                    "say with --hash-style how hash and salt go together",
                    "请用 --hash-style 说明哈希与盐的组合方式"
                );
                return Err(Error::invalid("passwordSalt", what));
            }
            Style::Django => django_form(text),
            Style::Auto => Form::Hash(text),
        },
        _ => return Err(bad("passwordHash")),
    };
    match made {
        Form::Hash(hash) => drop(fields.insert("passwordHash".into(), hash.into())),
        Form::Plain(password) => drop(fields.insert("password".into(), password.reveal().as_str().into())),
        Form::None => {}
    }
    Ok(())
}

/// What a credential turns out to be.
#[derive(Debug)]
pub enum Form {
    Hash(String),
    Plain(Secret<String>),
    /// No password that anybody could type.
    None,
}

fn bad(field: &str) -> Error {
    Error::invalid(
        field,
        text!("not in a form that is known; see docs/importing-users.md", "格式无法识别；见 docs/importing-users.md"),
    )
}

fn django_form(text: String) -> Form {
    match text.split_once('$') {
        // set_unusable_password()
        _ if text.starts_with('!') => Form::None,
        Some(("unsalted_md5", rest)) => Form::Hash(format!("md5$${}", rest.trim_start_matches('$'))),
        Some(("unsalted_sha1", rest)) => Form::Hash(format!("sha1$${}", rest.trim_start_matches('$'))),
        Some((name @ ("md5" | "sha1"), rest)) => Form::Hash(format!("{name}-salt-first${rest}")),
        _ => Form::Hash(text),
    }
}

fn firebase_form(hash: &str, salt: Option<&str>, project: &firebase::Project) -> Result<String> {
    let decode = |field: &str, text: &str| {
        // Exports are in one Base64 alphabet or the other.
        let text = text.replace('-', "+").replace('_', "/");
        BASE64_NOPAD.decode(text.trim_end_matches('=').as_bytes()).map_err(|_| bad(field))
    };
    let salt = decode("passwordSalt", salt.unwrap_or_default())?;
    firebase::stored_form(&decode("passwordHash", hash)?, &salt, project).ok_or_else(|| bad("passwordHash"))
}

/// Reads `hash_config { algorithm: SCRYPT, base64_signer_key: …, base64_salt_separator: …, rounds: 8, mem_cost: 14 }`
/// as Firebase's console shows it, or the same as JSON.
///
/// # Errors
/// 400 at the parameter that is missing or wrong.
pub fn firebase_project(text: &str) -> Result<firebase::Project> {
    let member = |name: &str| {
        let at = text.find(name).ok_or_else(|| Error::invalid(name, text!("missing", "缺失")))?;
        let rest = text[at + name.len()..].trim_start_matches(['"', ' ', ':', '=', '\t']);
        Ok::<_, Error>(rest.split(['"', ',', '\n', '\r', '}', ' ']).next().unwrap_or_default())
    };
    let bytes = |name: &str| {
        let value = member(name)?;
        BASE64.decode(value.as_bytes()).map_err(|_| Error::invalid(name, text!("must be Base64", "应为 Base64")))
    };
    let number = |name: &str| {
        member(name)?.parse().map_err(|_| Error::invalid(name, text!("must be a whole number", "应为整数")))
    };
    Ok(firebase::Project {
        signer_key: Secret::new(bytes("base64_signer_key")?),
        salt_separator: bytes("base64_salt_separator")?,
        rounds: number("rounds")?,
        memory_cost: number("mem_cost")?,
    })
}

/// The form of a Keycloak credential or of Auth0's `custom_password_hash`.
///
/// # Errors
/// 400 at `passwordHash`.
pub fn credential_form(credential: &Value) -> Result<Form> {
    let known = match credential {
        Value::Object(o) if o.contains_key("algorithm") && o.contains_key("hash") => auth0(credential),
        Value::Object(_) => keycloak(credential),
        _ => None,
    };
    known.ok_or_else(|| bad("passwordHash"))
}

/// What Keycloak keeps as text within the credential.
#[derive(Deserialize)]
struct SecretData {
    value: Secret<String>,
    salt: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialData {
    #[serde(default)]
    hash_iterations: i64,
    algorithm: String,
    #[serde(default)]
    additional_parameters: Object,
}

fn keycloak(credential: &Value) -> Option<Form> {
    let text = |name: &str| credential.get(name).and_then(Value::as_str);
    if let Some(plain) = text("value").filter(|_| text("secretData").is_none()) {
        return Some(Form::Plain(Secret::new(plain.to_owned())));
    }
    let (secret, data) = match text("secretData") {
        Some(secret) => {
            (serde_json::from_str(secret).ok()?, serde_json::from_str::<CredentialData>(text("credentialData")?).ok()?)
        }
        // Before Keycloak 10.
        None => {
            let value = Secret::new(text("hashedSaltedValue")?.to_owned());
            let data = CredentialData {
                hash_iterations: credential.get("hashIterations").and_then(Value::as_i64)?,
                algorithm: text("algorithm")?.to_owned(),
                additional_parameters: Object::new(),
            };
            (SecretData { value, salt: text("salt").map(str::to_owned) }, data)
        }
    };
    let tag = BASE64.decode(secret.value.reveal().as_bytes()).ok()?;
    let salt = BASE64.decode(secret.salt.as_deref()?.as_bytes()).ok()?;
    let (salt, length, tag) = (BASE64_NOPAD.encode(&salt), tag.len(), BASE64_NOPAD.encode(&tag));
    let rounds = data.hash_iterations;
    let name = match data.algorithm.as_str() {
        "pbkdf2" => "pbkdf2-sha1",
        "pbkdf2-sha256" => "pbkdf2-sha256",
        "pbkdf2-sha512" => "pbkdf2-sha512",
        "argon2" => {
            let parameter = |name: &str| data.additional_parameters.get(name)?.get(0)?.as_str();
            let version = match parameter("version")? {
                "1.3" => 19,
                "1.0" => 16,
                _ => return None,
            };
            let (kind, m, p) = (parameter("type")?, parameter("memory")?, parameter("parallelism")?);
            return Some(Form::Hash(format!("$argon2{kind}$v={version}$m={m},t={rounds},p={p}${salt}${tag}")));
        }
        _ => return None,
    };
    Some(Form::Hash(format!("${name}$i={rounds},l={length}${salt}${tag}")))
}

/// Auth0's schema of `custom_password_hash` for imports.
fn auth0(hash: &Value) -> Option<Form> {
    let text = |at: &str| hash.pointer(at).and_then(Value::as_str);
    let number = |at: &str, default: u64| hash.get(at).map_or(Some(default), Value::as_u64);
    let value = text("/hash/value")?;
    if hash.pointer("/password/encoding").is_some_and(|e| e != "utf8") {
        return None;
    }
    let algorithm = text("/algorithm")?;
    let bytes = |value: &str, encoding: Option<&str>, default: &str| match encoding.unwrap_or(default) {
        "hex" => HEXLOWER_PERMISSIVE.decode(value.as_bytes()).ok(),
        "base64" => BASE64_NOPAD.decode(value.trim_end_matches('=').as_bytes()).ok(),
        "utf8" => Some(value.as_bytes().to_vec()),
        _ => None,
    };
    let tag = || bytes(value, text("/hash/encoding"), "hex").map(|t| BASE64_NOPAD.encode(&t));
    let salt = || match text("/salt/value") {
        Some(salt) => bytes(salt, text("/salt/encoding"), "utf8").map(|s| BASE64_NOPAD.encode(&s)),
        None => Some(String::new()),
    };
    let stored = match algorithm {
        "bcrypt" | "argon2" | "pbkdf2" => value.to_owned(),
        "ldap" => value.to_owned(),
        "md5" | "sha1" | "sha256" | "sha512" => {
            let position = text("/salt/position").unwrap_or("prefix");
            format!("$salted-{algorithm}${position}${}${}", salt()?, tag()?)
        }
        "scrypt" => {
            let n = number("cost", 16384)?;
            let (r, p) = (number("blockSize", 8)?, number("parallelization", 1)?);
            if !n.is_power_of_two() {
                return None;
            }
            format!("$scrypt$ln={},r={r},p={p}${}${}", n.trailing_zeros(), salt()?, tag()?)
        }
        "hmac" => {
            let key = bytes(text("/hash/key/value")?, text("/hash/key/encoding"), "utf8")?;
            format!("$hmac-{}$v=1${}${}", text("/hash/digest")?, BASE64_NOPAD.encode(&key), tag()?)
        }
        _ => return None,
    };
    Some(Form::Hash(stored))
}

#[cfg(test)]
mod tests;
