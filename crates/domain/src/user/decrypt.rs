//! Values that somebody encrypted to a key of their own, decrypted with it.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use watchword_api::user::{DecryptFieldsReq, DecryptedField};
use watchword_crypto::transport::{RsaTransportKey, Sm2TransportKey};
use watchword_kit::{Error, Result, Secret, text};

use super::create::batch_size;
use crate::ctx::Ctx;

/// Longest private key, in bytes of text.
const MAX_KEY: usize = 16 * 1024;

enum Key {
    Rsa(Box<RsaTransportKey>),
    Sm2(Box<Sm2TransportKey>),
}

/// `POST /api/v3/users/field/decrypt`. The key is the caller's: nothing of this server is opened by it.
///
/// # Errors
/// 400 at `privateKey` for no key, at `data[i].encryptedContent` for what it does not open.
pub async fn decrypt(ctx: &Ctx, req: DecryptFieldsReq) -> Result<Vec<DecryptedField>> {
    batch_size("data", req.data.len())?;
    let work = move || {
        let key = read(&req.private_key)?;
        let open = |(i, field): (usize, watchword_api::user::EncryptedField)| {
            let content = field.encrypted_content.trim();
            let plain = match &key {
                Key::Rsa(key) => key.decrypt(content),
                Key::Sm2(key) => key.decrypt(content),
            };
            let refused = || {
                let detail = text!("the key does not open this", "该私钥无法解密此内容");
                Error::invalid(format!("data[{i}].encryptedContent"), detail)
            };
            let decrypted_content = plain.ok_or_else(refused)?.reveal().clone();
            Ok(DecryptedField { user_id: field.user_id, field_name: field.field_name, decrypted_content })
        };
        req.data.into_iter().enumerate().map(open).collect()
    };
    // Up to 50 operations of RSA weigh as much as a password.
    ctx.passwords.run(work).await?
}

fn read(given: &Secret<String>) -> Result<Key> {
    let text = given.reveal().trim();
    let bad = || {
        let detail = text!(
            "not a private key: RSA as PKCS#8 in PEM or base64, or SM2 as 64 hex digits",
            "不是有效的私钥：应为 PKCS#8 格式的 RSA 私钥（PEM 或 base64），或 64 位十六进制的 SM2 私钥"
        );
        Error::invalid("privateKey", detail)
    };
    if text.len() > MAX_KEY {
        return Err(bad());
    }
    if text.len() == 64 {
        let scalar = Secret::new(HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| bad())?);
        return Sm2TransportKey::from_bytes(scalar.reveal()).map(|k| Key::Sm2(Box::new(k))).map_err(|_| bad());
    }
    let base64: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let der = Secret::new(BASE64.decode(base64.as_bytes()).map_err(|_| bad())?);
    RsaTransportKey::from_pkcs8(der.reveal()).map(|k| Key::Rsa(Box::new(k))).map_err(|_| bad())
}
