//! Values at rest: encrypted ones sealed for their place, and what those see who may see masked values only.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use watchword_api::common::Object;
use watchword_api::custom_field::TargetType;
use watchword_crypto::hash::hmac_sha256;
use watchword_crypto::vault::{Aad, Class};
use watchword_kit::{Error, Result};

use crate::ctx::Ctx;
use crate::user::custom;

/// The member that makes an object a sealed value: ciphertext, and the code by which equal values are told. No client
/// can write such an object.
const SEALED: &str = "$sealed";

/// Whether this is what [`seal`] makes, or pretends to be.
pub fn is_sealed(value: &Value) -> bool {
    value.as_object().is_some_and(|o| o.contains_key(SEALED))
}

/// What a sealed value is compared by; folded texts have no capital letters, so it equals none.
pub fn sealed_key(value: &Value) -> Option<&str> {
    value.get(SEALED)?.get(1)?.as_str()
}

/// Custom data without what is sealed, for those to whom it is not opened.
pub fn without_sealed(stored: &str) -> Result<Object> {
    let mut data = custom::object(stored)?;
    data.retain(|_, value| !is_sealed(value));
    Ok(data)
}

/// Encrypts a value for its place: pool, owner and field.
pub(super) fn seal(ctx: &Ctx, target: TargetType, id: &str, key: &str, value: &Value) -> Result<Value> {
    let plain = serde_json::to_vec(value).map_err(Error::internal)?;
    let column = column(target, key);
    let aad = Aad { pool: ctx.pool().as_str(), row: id, column: &column };
    let sealed = ctx.vault.seal(Class::CustomData, &aad, &plain, &ctx.entropy);
    // Bound to the field, so that equal values of two fields or pools are not told.
    let told = custom::value_key(value).unwrap_or_default();
    let told = [ctx.pool().as_str(), column.as_str(), told.as_str()].join("\0");
    let code = HEXLOWER.encode(&hmac_sha256(&ctx.keys.custom_mac, told.as_bytes()));
    Ok(json!({ SEALED: [BASE64.encode(&sealed), format!("MAC:{code}")] }))
}

pub(super) fn open(ctx: &Ctx, target: TargetType, id: &str, key: &str, value: &Value) -> Result<Value> {
    let broken = |why: &str| Error::internal(format!("custom data {key} of {id}: {why}"));
    let sealed = value.get(SEALED).and_then(|s| s.get(0)).and_then(Value::as_str);
    let sealed = sealed.ok_or_else(|| broken("not sealed"))?;
    let sealed = BASE64.decode(sealed.as_bytes()).map_err(|_| broken("not base64"))?;
    let aad = Aad { pool: ctx.pool().as_str(), row: id, column: &column(target, key) };
    let plain = ctx.vault.open_blob(Class::CustomData, &aad, &sealed).map_err(|e| broken(&e.to_string()))?;
    serde_json::from_slice(plain.reveal()).map_err(Error::internal)
}

fn column(target: TargetType, key: &str) -> String {
    format!("{target}.custom_data.{key}")
}

/// Of a text the first and the last quarter, at most four characters each; of anything else nothing.
pub(super) fn mask(value: &Value) -> Value {
    let Value::String(s) = value else { return "****".into() };
    let chars: Vec<char> = s.chars().collect();
    let kept = (chars.len() / 4).min(4);
    let (head, tail) = (&chars[..kept], &chars[chars.len() - kept..]);
    head.iter().chain(&['*'; 4]).chain(tail).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_leaves_less_than_half() {
        assert_eq!(mask(&json!("13800138000")), json!("13****00"));
        assert_eq!(mask(&json!("abc")), json!("****"));
        assert_eq!(mask(&json!("an identity number of some length")), json!("an i****ngth"));
        assert_eq!(mask(&json!(42)), json!("****"));
    }
}
